import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openListeningSocket, type ListeningSocket } from '../src/listening-socket.ts';

const NEVER = new AbortController().signal;

async function listenOn(socket: object): Promise<Server> {
  const server = createServer((connection) => connection.end()).listen(socket);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return server;
}

async function open(host: string, port: number): Promise<ListeningSocket> {
  const socket = await openListeningSocket({ host, port }, NEVER);
  onTestFinished(() => socket.close());
  return socket;
}

test.each(['127.0.0.1', 'localhost', ''])('a server listens on the socket of %j', async (host) => {
  const server = await listenOn((await open(host, 0)).handle);
  expect((server.address() as AddressInfo).port).toBeGreaterThan(0);
});

test('a port whose owner leaves is waited for', async () => {
  const owner = await listenOn({ host: '127.0.0.1', port: 0 });
  const { port } = owner.address() as AddressInfo;
  const opened = open('127.0.0.1', port);
  owner.close();
  const server = await listenOn((await opened).handle);
  expect(server.address()).toMatchObject({ port });
});

test('a port whose owner stays is an error that names it', async () => {
  const owner = await listenOn({ host: '127.0.0.1', port: 0 });
  const { port } = owner.address() as AddressInfo;
  await expect(open('127.0.0.1', port)).rejects.toMatchObject({
    code: 'START_FAILED',
    message: `cannot listen on 127.0.0.1:${port}: another process has this port: stop it, or set http.addr`,
  });
});

test.each([
  ['an address of another machine', '192.0.2.1'],
  ['a name that nobody knows', 'nowhere.invalid'],
])('%s is an error', async (_what, host) => {
  await expect(open(host, 0)).rejects.toMatchObject({ code: 'START_FAILED' });
});
