import { gzipSync } from 'node:zlib';
import { errorAnswer, type Answer, type Body, type ServerRequest } from './answer.ts';
import { ConnectionReset } from './send-answer.ts';

/** A way to misbehave: turns the right answer into the one that is sent. Several apply one after another. */
export type Behaviour = (answer: Answer, request: ServerRequest) => Answer | Promise<Answer>;

export function fail(status: number, headers: Record<string, string> = {}): Behaviour {
  return () => errorAnswer(status, 'UNKNOWN', 'told to fail', headers);
}

export function tooManyRequests(retryAfterSeconds: number): Behaviour {
  return () =>
    errorAnswer(429, 'TOOMANYREQUESTS', 'told to be busy', { 'retry-after': String(retryAfterSeconds) });
}

/** As public.ecr.aws does for blobs. */
export function refuseHead(): Behaviour {
  return (answer, { method }) =>
    method === 'HEAD' ? errorAnswer(405, 'UNSUPPORTED', 'HEAD is not supported') : answer;
}

/** No byte of the answer before the gate opens. */
export function answerAfter(gate: Promise<void>): Behaviour {
  return async (answer) => {
    await gate;
    return answer;
  };
}

/** Accepts the request and never answers. */
export function hang(): Behaviour {
  return answerAfter(new Promise(() => {}));
}

/** Sends so many bytes of the body, and the rest when the gate opens. */
export function stallAfter(bytes: number, gate: Promise<void>): Behaviour {
  return withBody(async function* (body) {
    for await (const [chunk, position] of positioned(body, bytes)) {
      if (position === bytes) await gate;
      yield chunk;
    }
  });
}

/** Breaks the connection after so many bytes of the body. */
export function resetAfter(bytes: number): Behaviour {
  return withBody(async function* (body) {
    for await (const [chunk, position] of positioned(body, bytes)) {
      if (position >= bytes) throw new ConnectionReset();
      yield chunk;
    }
    throw new ConnectionReset();
  });
}

/** Ends the body after so many bytes as though that were all of it: without a length, nothing shows that it is short. */
export function endAfter(bytes: number): Behaviour {
  const shorten = withBody(async function* (body) {
    for await (const [chunk, position] of positioned(body, bytes)) {
      if (position >= bytes) return;
      yield chunk;
    }
  });
  return async (answer, request) => chunked()(await shorten(answer, request), request);
}

/** As many bytes as there should be, of which the first is another. */
export function wrongBytes(): Behaviour {
  return withBody(async function* (body) {
    for await (const [chunk, position] of positioned(body, 0)) {
      if (position !== 0 || chunk.length === 0) yield chunk;
      else yield Buffer.concat([Uint8Array.of((chunk[0] ?? 0) ^ 0xff), chunk.subarray(1)]);
    }
  });
}

/** The body again and again. */
export function endless(): Behaviour {
  const repeat = withBody(async function* (body) {
    let last: Uint8Array = Buffer.alloc(64 * 1024);
    for await (const chunk of body) yield (last = chunk);
    for (;;) yield last;
  });
  return async (answer, request) => chunked()(await repeat(answer, request), request);
}

/** No `Content-Length`. */
export function chunked(): Behaviour {
  return (answer) => withoutHeader(answer, 'content-length');
}

/** A length that may be wrong. The connection closes behind the body, so that nobody waits for what is missing. */
export function contentLength(bytes: number): Behaviour {
  return (answer) => ({
    ...answer,
    headers: { ...answer.headers, 'content-length': String(bytes), connection: 'close' },
  });
}

/** No `Docker-Content-Digest`. */
export function withoutDigestHeader(): Behaviour {
  return (answer) => withoutHeader(answer, 'docker-content-digest');
}

/** Compressed, whether the client asked for that or not. */
export function gzipped(): Behaviour {
  return async (answer) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of answer.body) chunks.push(chunk);
    const bytes = gzipSync(Buffer.concat(chunks));
    const headers = { ...answer.headers, 'content-encoding': 'gzip', 'content-length': String(bytes.length) };
    return { ...answer, headers, body: [bytes] };
  };
}

function withBody(change: (body: Body) => Body): Behaviour {
  return (answer) => ({ ...answer, body: change(answer.body) });
}

function withoutHeader(answer: Answer, name: string): Answer {
  const headers = Object.entries(answer.headers).filter(([key]) => key !== name);
  return { ...answer, headers: Object.fromEntries(headers) };
}

/** The chunks of a body with their positions, cut so that one begins at `cut`. */
async function* positioned(body: Body, cut: number): AsyncGenerator<readonly [Uint8Array, number]> {
  let position = 0;
  for await (const chunk of body) {
    const before = Math.max(0, Math.min(chunk.length, cut - position));
    if (before > 0) yield [chunk.subarray(0, before), position];
    if (before < chunk.length) yield [chunk.subarray(before), position + before];
    position += chunk.length;
  }
}
