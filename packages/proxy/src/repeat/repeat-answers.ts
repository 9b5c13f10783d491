import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { endpointsOf, type Endpoints } from '../peer-address.ts';
import { HttpStream } from './http-stream.ts';
import type { RepeatableAnswer } from './repeatable-answer.ts';
import { soleHead } from './request-head.ts';

export interface RepeatAnswersOptions {
  /** Emitted by the server for each connection that requests come on: after the handshake, where there is TLS. */
  readonly event: 'connection' | 'secureConnection';
  /** The answer to be given again; undefined where the server must be asked. */
  readonly find: (head: string, socket: Socket) => RepeatableAnswer | undefined;
  /** Told of every answer that was given again. */
  readonly onRepeated: (
    answer: RepeatableAnswer,
    connection: { socket: Socket; endpoints: Endpoints },
  ) => void;
  readonly now: () => number;
  /** How long a connection may be silent before its first request, and between two, in milliseconds. */
  readonly timeouts: { readonly headersMs: number; readonly keepAliveMs: number };
}

/**
 * Answers a request of the same bytes with the bytes that answered it before, without parsing either.
 *
 * It is safe because the same bytes mean the same request where a request begins: that is at the start of a connection, and after the
 * answer to a request that was exactly one chunk. From the first chunk on that is anything else, the server has the connection alone.
 */
export function repeatAnswers(server: Server, options: RepeatAnswersOptions): void {
  const { event } = options;
  const startHttp = server.listeners(event);
  server.removeAllListeners(event);
  server.on(event, (socket: Socket) => {
    const open = (): HttpStream => {
      const stream = new HttpStream(socket);
      for (const listener of startHttp) Reflect.apply(listener, server, [stream]);
      return stream;
    };
    serveConnection(socket, open, options);
  });
  server.on('request', (request, response) => {
    const stream: unknown = request.socket;
    if (stream instanceof HttpStream) stream.answering(response);
  });
}

/** @param open makes the stream that the server reads requests from, which most connections that only ask again never need */
function serveConnection(socket: Socket, open: () => HttpStream, options: RepeatAnswersOptions): void {
  const { find, onRepeated, now, timeouts } = options;
  let stream: HttpStream | undefined;
  let endpoints: Endpoints | undefined;

  const repeat = (answer: RepeatableAnswer): void => {
    const hasRoom = socket.write(answer.bytes(now()));
    if (endpoints === undefined) {
      endpoints = endpointsOf(socket);
      if (stream === undefined) socket.setTimeout(timeouts.keepAliveMs);
    }
    onRepeated(answer, { socket, endpoints });
    if (hasRoom) return;
    // Who asks faster than they read must not fill memory.
    socket.pause();
    socket.once('drain', () => socket.resume());
  };

  socket.setTimeout(timeouts.headersMs);
  socket.on('timeout', () => {
    if (stream === undefined) socket.destroy();
  });
  socket.on('error', () => socket.destroy());
  socket.on('end', () => {
    if (stream === undefined) socket.end();
  });
  socket.on('data', (chunk: Buffer) => {
    const isBetween = stream?.isBetweenRequests ?? true;
    const head = isBetween ? soleHead(chunk) : undefined;
    const answer = head === undefined ? undefined : find(head, socket);
    if (answer !== undefined) return repeat(answer);
    stream ??= open();
    stream.receive(chunk, head);
  });
}
