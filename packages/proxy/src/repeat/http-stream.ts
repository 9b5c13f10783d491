import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

// Larger ones are few, and gain nothing.
const MAX_ANSWER_BYTES = 64 * 1024;

/** What was asked, and what was answered, as it went over the wire. */
export interface WireExchange {
  readonly head: string;
  readonly answer: Buffer;
}

/**
 * The connection of a client as Node's HTTP server sees it: all that this server does with a socket goes to the socket. It stands between
 * them so that a request which has been answered before can be answered without the server.
 */
export class HttpStream extends Duplex {
  readonly #socket: Socket;
  /** Of the request that the server has now; undefined where what it has is not exactly one. */
  #head: string | undefined;
  #written: { chunks: Buffer[]; bytes: number } | undefined;
  #state: 'between' | 'asked' | 'opaque' = 'between';

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on('end', () => this.push(null));
    socket.on('timeout', () => this.emit('timeout'));
    socket.on('error', (err) => this.destroy(err));
    socket.on('close', () => this.destroy());
    if ('encrypted' in socket) Object.assign(this, { encrypted: true });
  }

  /** The next byte of the client is the first one of a request. */
  get isBetweenRequests(): boolean {
    return this.#state === 'between';
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  get remotePort(): number | undefined {
    return this.#socket.remotePort;
  }

  get localAddress(): string | undefined {
    return this.#socket.localAddress;
  }

  get localPort(): number | undefined {
    return this.#socket.localPort;
  }

  /** @param head of the one request that `chunk` is, where it is one */
  receive(chunk: Buffer, head: string | undefined): void {
    this.#head = head;
    // What follows an unanswered request, or is not one by itself, leaves unknown where the next one begins.
    this.#state = this.#state === 'between' && head !== undefined ? 'asked' : 'opaque';
    if (!this.push(chunk)) this.#socket.pause();
  }

  /** To be told of each answer before it begins. */
  answering(response: ServerResponse): void {
    response.once('close', () => {
      if (this.#state === 'asked' && response.writableFinished) this.#state = 'between';
    });
  }

  /** Keeps a copy of what is written for this response; asked for when it is closed, and while nothing else has been received. */
  record(response: ServerResponse): (() => WireExchange | undefined) | undefined {
    const head = this.#head;
    if (head === undefined || this.#state !== 'asked' || !response.shouldKeepAlive) return undefined;
    const written = { chunks: [] as Buffer[], bytes: 0 };
    this.#written = written;
    return () => {
      if (this.#written === written) this.#written = undefined;
      const isWhole = response.writableFinished && written.bytes <= MAX_ANSWER_BYTES;
      // What is said to the last request of a connection is wrong for any other.
      const isLast = response.getHeader('connection') === 'close';
      return isWhole && !isLast ? { head, answer: Buffer.concat(written.chunks) } : undefined;
    };
  }

  setTimeout(ms: number, onTimeout?: () => void): this {
    this.#socket.setTimeout(ms);
    if (onTimeout !== undefined) this.once('timeout', onTimeout);
    return this;
  }

  /** What Node does with the connection of a last answer; without it, it would wait for the client to close its side too. */
  destroySoon(): void {
    this.end(() => this.destroy());
  }

  resetAndDestroy(): this {
    this.#socket.resetAndDestroy();
    return this;
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (err?: Error | null) => void): void {
    this.#copy(chunk);
    this.#socket.write(chunk, callback);
  }

  override _writev(
    chunks: readonly { readonly chunk: Buffer; readonly encoding: BufferEncoding }[],
    callback: (err?: Error | null) => void,
  ): void {
    const last = chunks.length - 1;
    const bytes = chunks.reduce((sum, { chunk }) => sum + chunk.length, 0);
    // Node copies what it encrypts together, which is worth a head and a small body.
    const isSmall = bytes <= MAX_ANSWER_BYTES;
    if (isSmall) this.#socket.cork();
    chunks.forEach(({ chunk }, index) => {
      this.#copy(chunk);
      this.#socket.write(chunk, index === last ? callback : undefined);
    });
    if (isSmall) this.#socket.uncork();
  }

  override _final(callback: (err?: Error | null) => void): void {
    this.#socket.end(callback);
  }

  override _destroy(err: Error | null, callback: (err?: Error | null) => void): void {
    this.#socket.destroy();
    callback(err);
  }

  #copy(chunk: Buffer): void {
    const written = this.#written;
    if (written === undefined) return;
    written.bytes += chunk.length;
    if (written.bytes <= MAX_ANSWER_BYTES) written.chunks.push(Buffer.from(chunk));
    else written.chunks = [];
  }
}
