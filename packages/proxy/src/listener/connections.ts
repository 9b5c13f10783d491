import type { Logger } from '@registry-cache/runtime';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConnectionLimits } from './connection-limits.ts';
import { createOccasional } from './occasional.ts';

/** Every connection of clients, and which of them are idle. */
export interface Connections {
  readonly all: ReadonlySet<Socket>;
  /** Those that answers are being sent on, by the socket that requests come from: with TLS, that is another one. */
  readonly answering: ReadonlyMap<Duplex, number>;
  /** Takes a connection in, and closes an idle one for it when there are too many. */
  accept(socket: Socket): void;
  /** The connection is busy until the response has closed. */
  answer(socket: Socket, response: ServerResponse): void;
  /** An answer has been sent at once. */
  answered(socket: Socket): void;
  /** Whether all others were busy when it came, or asked: it keeps its place for a health check, and not for a pull. */
  isSurplus(socket: Socket): boolean;
}

export interface ConnectionsOptions {
  readonly limits: ConnectionLimits;
  readonly log: Logger;
  readonly now?: () => number;
}

// Time for a handshake and a request over a bad line; whoever takes longer while others wait is let go.
const SILENCE_WHEN_CROWDED_MS = 5000;

/**
 * Near its limit, a connection that comes takes the place of the one that has been idle for the longest time, as after a pull
 * with keep-alive, or else of one that has been silent for some seconds. Clients open another one when they need it.
 */
export function createConnections(options: ConnectionsOptions): Connections {
  const { limits, log, now = () => performance.now() } = options;
  const byPeer = new Map<string, Socket>();
  const sockets = new Set<Socket>();
  const answering = new Map<Duplex, number>();
  // Both with the longest waiting first.
  const idle = new Set<Socket>();
  const silent = new Map<Socket, number>();
  const surplus = new WeakSet<Socket>();

  const madeRoom = createOccasional(
    (closed) =>
      log.warn({ closed, open: sockets.size, max: limits.max }, 'idle connections closed to make room'),
    now,
  );
  const refused = createOccasional(
    (times) =>
      log.error(
        { refused: times, open: sockets.size, max: limits.max },
        'as many pulls in flight as there may be: new connections are refused, raise the limit of open files',
      ),
    now,
  );

  const findIdlest = (): Socket | undefined => {
    const [idlest] = idle;
    if (idlest !== undefined) return idlest;
    const [[silentest, sinceMs] = []] = silent;
    return sinceMs !== undefined && now() - sinceMs > SILENCE_WHEN_CROWDED_MS ? silentest : undefined;
  };
  const forget = (socket: Socket): void => {
    idle.delete(socket);
    silent.delete(socket);
  };
  const makeRoomFor = (socket: Socket): void => {
    const idlest = findIdlest();
    if (idlest === undefined) {
      surplus.add(socket);
      refused();
      return;
    }
    forget(idlest);
    idlest.destroy();
    madeRoom();
  };
  const isOutOfDescriptors = (): boolean => sockets.size + answering.size > limits.descriptors;
  // By the socket that requests come from: asking the system for a peer costs more than the rest of an answer from memory.
  const found = new WeakMap<Socket, Socket>();
  const find = (socket: Socket): Socket | undefined => {
    const connection = found.get(socket) ?? byPeer.get(peerOf(socket));
    if (connection !== undefined) found.set(socket, connection);
    return connection;
  };
  const watched = new WeakSet<Socket>();
  // Answers that were waiting behind another one never close by themselves. Who has reset the connection has no peer to find it by.
  const endWith = (socket: Socket): void => {
    if (watched.has(socket)) return;
    watched.add(socket);
    socket.once('close', () => answering.delete(socket));
  };

  return {
    all: sockets,
    answering,
    accept: (socket) => {
      const peer = peerOf(socket);
      byPeer.set(peer, socket);
      sockets.add(socket);
      socket.once('close', () => {
        if (byPeer.get(peer) === socket) byPeer.delete(peer);
        sockets.delete(socket);
        forget(socket);
      });
      if (sockets.size > limits.crowdedAt || isOutOfDescriptors()) makeRoomFor(socket);
      silent.set(socket, now());
    },
    answer: (socket, response) => {
      const connection = find(socket);
      if (connection !== undefined) forget(connection);
      endWith(socket);
      answering.set(socket, (answering.get(socket) ?? 0) + 1);
      if (connection !== undefined && isOutOfDescriptors()) makeRoomFor(connection);
      response.once('close', () => {
        const others = (answering.get(socket) ?? 1) - 1;
        if (others > 0) return void answering.set(socket, others);
        answering.delete(socket);
        if (connection !== undefined && sockets.has(connection)) idle.add(connection);
      });
    },
    answered: (socket) => {
      const connection = find(socket);
      if (connection === undefined) return;
      forget(connection);
      idle.add(connection);
    },
    isSurplus: (socket) => {
      const connection = find(socket);
      return connection !== undefined && surplus.has(connection);
    },
  };
}

/** The same for the socket of a TLS connection as for the one that it came by. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
