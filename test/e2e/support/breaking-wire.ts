import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A connection between two peers that can be cut, as networks are. */
export interface BreakingWire {
  /** `localhost:<port>`: what leads to the target. */
  readonly address: string;
  /** What went from the target to its clients, over all connections. */
  readonly bytesReceived: number;
  /** Cuts the next connection that receives so many bytes from the target. Resolves when that has happened. */
  cutAfter(bytes: number): Promise<void>;
  /** The same for whatever else is to happen then. */
  after(bytes: number, act: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

interface WireEvent {
  readonly bytes: number;
  readonly act: (cut: () => void) => void;
}

/** @param target `host:port` */
export async function startBreakingWire(target: string): Promise<BreakingWire> {
  const { hostname, port } = new URL(`tcp://${target}`);
  const sockets = new Set<Socket>();
  let event: WireEvent | undefined;
  let bytesReceived = 0;
  const after = (bytes: number, act: (cut: () => void) => void | Promise<void>): Promise<void> =>
    new Promise((resolve) => {
      event = { bytes, act: (cut) => resolve(act(cut)) };
    });

  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    let bytesOfConnection = 0;
    upstream.on('data', (chunk: Buffer) => {
      bytesReceived += chunk.length;
      bytesOfConnection += chunk.length;
      if (event === undefined || bytesOfConnection < event.bytes) return;
      const { act } = event;
      event = undefined;
      // An end in order: a reset would take along what the client has not read yet.
      act(() => upstream.destroy());
    });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      // An end that breaks is what this is about.
      socket.on('error', () => {});
      socket.once('close', () => {
        sockets.delete(socket);
        other.end();
      });
      socket.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const listening = server.address();
  if (listening === null || typeof listening === 'string') throw new Error('a TCP server has no port');
  return {
    address: `localhost:${listening.port}`,
    get bytesReceived() {
      return bytesReceived;
    },
    cutAfter: (bytes) => after(bytes, (cut) => cut()),
    after: (bytes, act) => after(bytes, () => act()),
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
