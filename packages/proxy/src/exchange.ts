import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { endpointsOf, type Endpoints } from './peer-address.ts';

/** One GET or HEAD of a client, and its answer. */
export interface Exchange {
  readonly requestId: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: 'GET' | 'HEAD';
  /** By the wall clock. */
  readonly startedAtMs: number;
  /** The same moment, in milliseconds of `performance.now()`. */
  readonly askedAtMs: number;
  /** Taken at the start: a connection that is closed no longer has them. */
  readonly endpoints: Endpoints;
  /** Aborted when the client leaves before it has its answer. */
  readonly signal: AbortSignal;
  /** Body bytes handed to the client's socket so far. */
  readonly sentBytes: number;

  /**
   * Sends an answer as fast as the client takes it; a HEAD and a 304 leave the body out. Rejects, with the connection closed
   * short and nothing appended, when the body fails or the client leaves. A body of chunks that fails before its first one
   * has sent nothing, not even the head: there may be another answer.
   */
  send(status: number, headers: OutgoingHttpHeaders, body: AsyncIterable<Uint8Array>): Promise<void>;
}

/** The client has closed its connection before it had its answer: normal traffic, since clients drop what they do not need. */
export class ClientLeftError extends Error {
  override readonly name = 'ClientLeftError';

  constructor(options?: { cause: unknown }) {
    super('client left before it had its answer', options);
  }
}

// Of a manifest, and of an error.
const SMALL_BODY_BYTES = 64 * 1024;

export interface ExchangeOptions {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: 'GET' | 'HEAD';
  readonly startedAtMs: number;
}

export function createExchange(options: ExchangeOptions): Exchange {
  const { response, method } = options;
  let sentBytes = 0;
  const count = (chunk: Uint8Array): void => {
    sentBytes += chunk.length;
  };
  return {
    ...options,
    requestId: randomUUID(),
    askedAtMs: performance.now(),
    endpoints: endpointsOf(options.request.socket),
    signal: signalOfLeaving(response),
    get sentBytes() {
      return sentBytes;
    },
    send: async (status, headers, body) => {
      if (response.destroyed) throw new ClientLeftError();
      const writeHead = (): void => void response.writeHead(status, STATUS_CODES[status], headers);
      if (method === 'HEAD' || status === 304) {
        writeHead();
        if (body instanceof Readable) body.resume();
        response.end();
      } else if (body instanceof Readable) {
        const bytes = takeWhole(body, headers['content-length']);
        if (bytes !== undefined) return sendChunks(only(bytes), { response, writeHead, count });
        writeHead();
        // A listener beside the pipe costs nothing per byte, where another stream between would copy every chunk's way.
        body.on('data', count);
        // Before anything else closes the connection.
        body.prependOnceListener('error', () => resetUndelimited(response));
        // A body that is still to come must not hold back its head: clients give up without one.
        if (body.readableLength === 0) response.flushHeaders();
        await pipeTo(response, body);
      } else {
        await sendChunks(body, { response, writeHead, count });
      }
    },
  };
}

interface SendOptions {
  readonly response: ServerResponse;
  readonly writeHead: () => void;
  readonly count: (chunk: Uint8Array) => void;
}

/** Each chunk is out of our hands before the next one is asked for: its memory may be used again then. */
async function sendChunks(
  body: AsyncIterable<Uint8Array>,
  { response, writeHead, count }: SendOptions,
): Promise<void> {
  const chunks = body[Symbol.asyncIterator]();
  try {
    let next = await chunks.next();
    if (response.destroyed) throw new ClientLeftError();
    writeHead();
    const taken = createWriter(response);
    for (; next.done !== true; next = await chunks.next()) {
      const chunk = next.value;
      count(chunk);
      await taken((done) => response.write(chunk, done));
    }
    await taken((done) => response.end(done));
  } catch (err) {
    if (response.headersSent) response.destroy();
    throw err;
  } finally {
    await chunks.return?.();
  }
}

/** Resolves when the client's connection has taken what is written, and rejects when it closes before. */
type Written = (write: (done: (err?: Error | null) => void) => void) => Promise<void>;

function createWriter(response: ServerResponse): Written {
  let onClose: (() => void) | undefined;
  response.once('close', () => onClose?.());
  return (write) =>
    new Promise((resolve, reject) => {
      const leave = (cause?: Error): void =>
        reject(new ClientLeftError(cause === undefined ? undefined : { cause }));
      if (response.destroyed) return leave();
      onClose = leave;
      write((err) => {
        onClose = undefined;
        if (err instanceof Error) leave(err);
        else resolve();
      });
    });
}

/** All of a small body that has come with its head; undefined for any other. */
function takeWhole(body: Readable, announcedBytes: unknown): Buffer | undefined {
  const isWhole = body.readableLength > 0 && body.readableLength === Number(announcedBytes);
  if (!isWhole || body.readableLength > SMALL_BODY_BYTES) return undefined;
  const bytes: unknown = body.read();
  // To its end, so that its connection is free for the next question.
  body.resume();
  return bytes instanceof Buffer ? bytes : undefined;
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function pipeTo(response: ServerResponse, body: AsyncIterable<Uint8Array>): Promise<void> {
  await pipeline(body, response).catch((cause: unknown) => {
    throw isPrematureClose(cause) ? new ClientLeftError({ cause }) : cause;
  });
}

/** To a client of HTTP/1.0 the end of the connection is the end of a body without a length: only a reset tells it from a whole one. */
function resetUndelimited(response: ServerResponse): void {
  const { httpVersion, socket } = response.req;
  // The end of a TLS connection without a word tells it by itself.
  if (httpVersion !== '1.0' || response.hasHeader('content-length') || 'encrypted' in socket) return;
  socket.resetAndDestroy();
}

function signalOfLeaving(response: ServerResponse): AbortSignal {
  const leaving = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) leaving.abort(new ClientLeftError());
  });
  return leaving.signal;
}

/** What a pipeline says when its last stream closes; a body that breaks has an error of its own. */
function isPrematureClose(err: unknown): boolean {
  return err instanceof Error && 'code' in err && err.code === 'ERR_STREAM_PREMATURE_CLOSE';
}
