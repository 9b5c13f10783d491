import type { TlsSettings } from '@registry-cache/config';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { Agent } from 'node:https';
import { text } from 'node:stream/consumers';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, test } from 'vitest';
import { connectRaw, exchangeRaw, fetchAnswer } from '../support/client.ts';
import { makeCertificate } from '../support/certificate.ts';
import type { StartProxyOptions } from '../../src/start-proxy.ts';
import { startTestProxy, type TestProxy } from '../support/proxy.ts';
import { storeBlob } from '../support/stored-blob.ts';
import { startWorker } from '../support/worker.ts';

let first: TlsSettings;
let second: TlsSettings;

beforeAll(async () => {
  [first, second] = await Promise.all([makeCertificate('first'), makeCertificate('second')]);
});

test('a large blob comes over TLS as it is', async () => {
  const { port, settings, socketPath } = await startTls();
  const blob = await storeBlob(settings.rootDirectory, Buffer.alloc(8_000_000, 'blob'));
  await startWorker(socketPath, blob.accelAnswer);
  const answer = await fetchAnswer(port, blob.path, { ca: first.certificate });
  expect(answer.body.equals(blob.bytes)).toBe(true);
});

test('a worker learns that its client came by https', async () => {
  const { port, socketPath } = await startTls();
  const worker = await startWorker(socketPath, (_request, response) => void response.end());
  await fetchAnswer(port, '/v2/quay.io/a/manifests/v1', { ca: first.certificate });
  expect(worker.requests[0]?.headers['x-forwarded-proto']).toBe('https');
});

test('a client that speaks plain HTTP is told to use https', async () => {
  const { port } = await startTls();
  const answer = await fetchAnswer(port, '/v2/');
  expect(answer.status).toBe(400);
  expect(answer.body.toString()).toContain('use https://');
});

test('a client that sends a long plain request gets to read its answer', async () => {
  const { port } = await startTls();
  const request = httpRequest({ host: '127.0.0.1', port, method: 'PUT' });
  request.on('error', () => {});
  request.write(Buffer.alloc(1_000_000));
  const [response] = await once(request, 'response');
  expect(response.statusCode).toBe(400);
  request.destroy();
});

test('an old protocol version is refused, and http/1.1 is the only one above it', async () => {
  const { port } = await startTls();
  const options = { host: '127.0.0.1', port, ca: first.certificate, servername: 'localhost' };
  const modern = connectTls({ ...options, ALPNProtocols: ['h2', 'http/1.1'] });
  await once(modern, 'secureConnect');
  expect(modern.alpnProtocol).toBe('http/1.1');
  modern.destroy();
  const old = connectTls({
    ...options,
    maxVersion: 'TLSv1.1',
    minVersion: 'TLSv1',
    ciphers: 'ALL:@SECLEVEL=0',
  });
  const [err] = await once(old, 'error');
  expect(err).toMatchObject({ code: expect.stringMatching(/PROTOCOL_VERSION|NO_PROTOCOLS/) });
});

describe('a new certificate', () => {
  test('is shown to new connections while open ones go on', async () => {
    const { proxy, port, settings } = await startTls();
    const agent = new Agent({ keepAlive: true, ca: first.certificate, maxSockets: 1 });
    const before = await connected(port, first);
    await fetchAnswer(port, '/v2/', { ca: first.certificate, agent });
    proxy.reload({ ...settings, http: { ...settings.http, tls: second } });

    const after = await connected(port, second);
    expect([organisation(before), organisation(after)]).toEqual(['first', 'second']);
    expect((await fetchAnswer(port, '/v2/', { ca: first.certificate, agent })).status).toBe(200);
    before.write('GET /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(await text(before)).toMatch(/^HTTP\/1\.1 200 /);
    after.destroy();
    agent.destroy();
  });

  test('that does not match its key is refused, and nothing of those settings counts', async () => {
    const { proxy, port, settings } = await startTls();
    const mixed = { certificate: second.certificate, key: first.key, source: 'test' };
    expect(() =>
      proxy.reload({ ...settings, upstreams: [], http: { ...settings.http, tls: mixed } }),
    ).toThrow();
    const answer = await fetchAnswer(port, '/v2/ghcr.io/a/manifests/v1', { ca: first.certificate });
    expect(answer.body.toString()).toContain('quay.io');
  });
});

describe('a connection that sends nothing is closed', () => {
  test('before its first byte', async () => {
    const { port } = await startTls({ timeouts: { silenceMs: 50 } });
    expect(await exchangeRaw(port, '')).toBe('');
  });

  test('in the middle of its handshake', async () => {
    const { port } = await startTls({ timeouts: { silenceMs: 50 } });
    expect((await exchangeRaw(port, '\x16\x03\x01')).length).toBeLessThan(10);
  });
});

test('a client that leaves before its first byte leaves nothing behind', async () => {
  const { proxy, port } = await startTls();
  const socket = await connectRaw(port);
  socket.end();
  await once(socket.resume(), 'close');
  await proxy.close();
});

function startTls(options: Partial<StartProxyOptions> = {}): Promise<TestProxy> {
  return startTestProxy({ http: { host: '127.0.0.1', port: 0, tls: first, drainTimeoutMs: 1000 } }, options);
}

async function connected(port: number, { certificate }: TlsSettings): Promise<TLSSocket> {
  const socket = connectTls({ host: '127.0.0.1', port, ca: certificate, servername: 'localhost' });
  await once(socket, 'secureConnect');
  return socket;
}

function organisation(socket: TLSSocket): string | string[] | undefined {
  return socket.getPeerCertificate().subject.O;
}
