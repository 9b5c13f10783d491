import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import type { RunningCache } from '../cache/running-cache.ts';

const AT_ONCE = 50;

/** Connections that are open and do nothing. */
export interface RawConnections {
  readonly sockets: readonly TLSSocket[];
  close(): Promise<void>;
}

/**
 * Opens connections and sends the same bytes on each.
 *
 * @param answered waits for the first bytes of an answer on each
 */
export async function openRawConnections(
  cache: RunningCache,
  count: number,
  { send, answered }: { readonly send: string; readonly answered: boolean },
): Promise<RawConnections> {
  const sockets: TLSSocket[] = [];
  const open = async (): Promise<void> => {
    const socket = connect({ host: '127.0.0.1', port: cache.port, ca: cache.ca.certificate });
    sockets.push(socket);
    await once(socket, 'secureConnect');
    // Whatever becomes of it later, it is closed.
    socket.on('error', () => {});
    socket.write(send);
    if (answered) await once(socket, 'data');
  };
  while (sockets.length < count) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - sockets.length) }, open));
  }
  return {
    sockets,
    close: async () => {
      const closed = sockets
        .filter(({ closed: isClosed }) => !isClosed)
        .map((socket) => once(socket, 'close'));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}
