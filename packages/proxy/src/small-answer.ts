import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** An answer that is in memory. */
export interface SmallAnswer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string;
}

export function sendSmallAnswer(response: ServerResponse, { status, headers, body }: SmallAnswer): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  // Node leaves the body out of the answer to a HEAD.
  response.end(body);
}
