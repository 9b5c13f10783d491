import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { blobResponse, errorAnswer, type RegistryError } from '@registry-cache/oci';
import { answerHeaders } from './answer-headers.ts';
import type { Answer } from './answer.ts';

/** Writes an answer in HTTP. A body that fails half way ends the connection short: nothing is ever appended to it. */
export async function writeAnswer(req: IncomingMessage, res: ServerResponse, answer: Answer): Promise<void> {
  const headers = answerHeaders(answer);
  switch (answer.kind) {
    case 'document':
      return writeDocument(req, res, answer.bytes, headers);
    case 'blob-head':
    case 'blob-stream':
      return writeBlob(req, res, answer, headers);
    case 'stored-blob':
      // The proxy reads what it needs of the file, and answers ranges and conditions itself.
      return writeHead(res, 200, {
        ...headers,
        'x-accel-redirect': answer.accelPath,
        'x-accel-length': String(answer.sizeBytes),
        'content-length': '0',
      });
  }
}

export function writeError(res: ServerResponse, error: RegistryError): void {
  const { status, headers, body } = errorAnswer(error);
  res.writeHead(status, headers).end(body);
}

function writeDocument(
  req: IncomingMessage,
  res: ServerResponse,
  bytes: Uint8Array,
  headers: Record<string, string>,
): void {
  const { etag } = headers;
  if (etag !== undefined && matches(req.headers['if-none-match'], etag)) return writeHead(res, 304, headers);
  res.writeHead(200, { ...headers, 'content-length': String(bytes.byteLength) });
  // The server leaves out the body of an answer to HEAD.
  res.end(bytes);
}

/** Says of a blob that is not stored yet what the proxy says of one that is. */
async function writeBlob(
  req: IncomingMessage,
  res: ServerResponse,
  answer: Extract<Answer, { kind: 'blob-head' | 'blob-stream' }>,
  headers: Record<string, string>,
): Promise<void> {
  const { digest, sizeBytes } = answer;
  const method = answer.kind === 'blob-head' ? 'HEAD' : 'GET';
  const response = blobResponse(
    { method, headers: req.headers },
    { sizeBytes, etag: `"${digest}"`, headers: { ...headers, ...wholeLength(sizeBytes) } },
  );
  if (answer.kind === 'blob-head' || response.status === 304) {
    return writeHead(res, response.status, response.headers);
  }

  const parts: Readable[] = [];
  const closeParts = (): void => parts.forEach((part) => part.destroy());
  // A part may wait for bytes as long as the fill takes, and the client may leave meanwhile.
  res.once('close', closeParts);
  const body = response.read((range) => {
    const part = answer.read(range === undefined ? { start: 0 } : { start: range.start, end: range.end + 1 });
    parts.push(part);
    return part;
  });
  try {
    res.writeHead(response.status, response.headers);
    // Clients give up when no headers come, and the first byte may be long in coming.
    res.flushHeaders();
    // Destroys the response when the body fails.
    await pipeline(body, res);
  } finally {
    closeParts();
  }
}

/** For the proxy's access event: several ranges in one body do not say how long the blob is. */
function wholeLength(sizeBytes: number | undefined): Record<string, string> {
  return sizeBytes === undefined ? {} : { 'x-accel-length': String(sizeBytes) };
}

function writeHead(res: ServerResponse, status: number, headers: OutgoingHttpHeaders): void {
  res.writeHead(status, headers).end();
}

function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch
    .split(',')
    .some((each) => each.trim().replace(/^W\//, '') === etag || each.trim() === '*');
}
