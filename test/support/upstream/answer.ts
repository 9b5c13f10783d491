/** What a server of the tests is asked. */
export interface ServerRequest {
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** What it answers. A body with a `content-length` is sent as it is, any other in chunks. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
}

export type Body = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

export function jsonAnswer(status: number, document: unknown, headers: Record<string, string> = {}): Answer {
  return bytesAnswer(status, Buffer.from(JSON.stringify(document)), {
    'content-type': 'application/json',
    ...headers,
  });
}

/** @see OCI distribution-spec, "Error codes" */
export function errorAnswer(
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): Answer {
  return jsonAnswer(status, { errors: [{ code, message }] }, headers);
}

export function bytesAnswer(status: number, bytes: Uint8Array, headers: Record<string, string>): Answer {
  return { status, headers: { 'content-length': String(bytes.length), ...headers }, body: [bytes] };
}

/** The value of a header that is sent at most once. */
export function header(request: ServerRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}
