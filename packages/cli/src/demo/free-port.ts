import { once } from 'node:events';
import { createServer } from 'node:net';

/** `wanted` where nobody listens on it on the loopback interface, otherwise a port that is free. */
export async function freePort(wanted: number): Promise<number> {
  return (await listenOn(wanted)) ?? (await freePort(0));
}

/** The port that could be listened on, or undefined when it is taken or only for root. */
async function listenOn(wanted: number): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen(wanted, '127.0.0.1');
    await once(server, 'listening');
  } catch (err) {
    if (err instanceof Error && 'code' in err && (err.code === 'EADDRINUSE' || err.code === 'EACCES'))
      return undefined;
    throw err;
  }
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : undefined;
}
