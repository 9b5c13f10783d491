/** One HTTP answer, read as strictly as a careful client does. */
export interface ParsedAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** False where the connection ended before the body did. */
  readonly complete: boolean;
}

const HEAD_END = '\r\n\r\n';
const STATUS_LINE = /^HTTP\/1\.1 ([1-5]\d\d) [\x20-\x7e]*$/;
const HEADER_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e\x80-\xff]*?)[ \t]*$/;

/**
 * Reads all answers of a connection.
 *
 * @param sawHead whether one of the requests may have been HEAD, whose answer has a length and no body
 * @throws {SyntaxError} for any byte that belongs to no answer
 */
export function parseAnswers(received: Buffer, sawHead: boolean): ParsedAnswer[] {
  const answers: ParsedAnswer[] = [];
  let rest = received;
  while (rest.length > 0) {
    const { answer, bytes } = parseAnswer(rest, sawHead);
    answers.push(answer);
    rest = rest.subarray(bytes);
  }
  return answers;
}

function parseAnswer(bytes: Buffer, sawHead: boolean): { answer: ParsedAnswer; bytes: number } {
  const headBytes = bytes.indexOf(HEAD_END);
  if (headBytes === -1) throw new SyntaxError(`an answer without an end of its head: ${excerpt(bytes)}`);
  const [statusLine = '', ...lines] = bytes.subarray(0, headBytes).toString('latin1').split('\r\n');
  const [, status] = STATUS_LINE.exec(statusLine) ?? [];
  if (status === undefined) throw new SyntaxError(`no status line: ${excerpt(bytes)}`);
  const headers = parseHeaders(lines);
  const rest = bytes.subarray(headBytes + HEAD_END.length);
  const body = parseBody(Number(status), headers, rest, sawHead);
  return {
    answer: { status: Number(status), headers, body: body.body, complete: body.complete },
    bytes: headBytes + HEAD_END.length + body.bytes,
  };
}

function parseHeaders(lines: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value = ''] = HEADER_LINE.exec(line) ?? [];
    if (name === undefined) throw new SyntaxError(`no header: ${JSON.stringify(line)}`);
    if (headers.has(name.toLowerCase())) throw new SyntaxError(`header ${name} twice`);
    headers.set(name.toLowerCase(), value);
  }
  return headers;
}

interface ParsedBody {
  readonly body: Buffer;
  readonly bytes: number;
  readonly complete: boolean;
}

const NO_BODY: ParsedBody = { body: Buffer.alloc(0), bytes: 0, complete: true };

function parseBody(
  status: number,
  headers: ReadonlyMap<string, string>,
  rest: Buffer,
  sawHead: boolean,
): ParsedBody {
  if (status < 200 || status === 204 || status === 304) return NO_BODY;
  const length = headers.get('content-length');
  if (length === undefined || !/^\d+$/.test(length) || headers.has('transfer-encoding')) {
    throw new SyntaxError(`an answer of ${status} without one plain length`);
  }
  const atNextAnswer = rest.length === 0 || rest.subarray(0, 9).toString('latin1') === 'HTTP/1.1 ';
  if (sawHead && atNextAnswer) return NO_BODY;
  const body = rest.subarray(0, Number(length));
  return { body, bytes: body.length, complete: body.length === Number(length) };
}

function excerpt(bytes: Buffer): string {
  return JSON.stringify(bytes.subarray(0, 200).toString('latin1'));
}
