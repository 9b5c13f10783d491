import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCertificateAuthority, expired } from '../../../../test/support/certificates.ts';
import { networkError } from '../../src/upstream/network-error.ts';
import { startLoopbackServer } from './support/loopback-server.ts';
import {
  LATEST,
  NAME,
  patiently,
  registryOf,
  upstreamErrorOf,
  upstreamNamed,
} from './support/registry-of.ts';

async function errorOf(url: string, cas: string[] = []): Promise<{ code: string; message: string }> {
  const { code, message } = await upstreamErrorOf(
    registryOf(url, { cas }).manifestGet(NAME, LATEST, patiently()),
  );
  return { code, message };
}

async function startSocketServer(onConnection: (socket: Socket) => void): Promise<string> {
  const server = createServer(onConnection);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return `http://127.0.0.1:${address.port}`;
}

describe('TLS', () => {
  it('a private CA is trusted once it is among the upstream’s', async () => {
    const [other, ca] = [await createCertificateAuthority('other'), await createCertificateAuthority()];
    const upstream = await startLoopbackServer((response) => response.end('{}'), await ca.issue());
    expect(await errorOf(upstream.origin)).toEqual({
      code: 'unreachable',
      message: expect.stringMatching(
        /^certificate of 127\.0\.0\.1:\d+ is not trusted \(.+\): add its CA to upstreams\.quay\.io\.cas/,
      ),
    });
    const bundle = `${other.certificate}\n${ca.certificate}`;
    const registry = registryOf(upstream.origin, { cas: [bundle] });
    expect(await registry.manifestGet(NAME, LATEST, patiently())).toBeDefined();
  });

  it('an expired certificate is called so', async () => {
    const ca = await createCertificateAuthority();
    const upstream = await startLoopbackServer((response) => response.end(), await ca.issue(expired()));
    const error = await errorOf(upstream.origin, [ca.certificate]);
    expect(error.message).toMatch(/^certificate of 127\.0\.0\.1:\d+ has expired/);
  });

  it('a certificate for another name is called so', async () => {
    const ca = await createCertificateAuthority();
    const upstream = await startLoopbackServer(
      (response) => response.end(),
      await ca.issue({ names: ['quay.io'] }),
    );
    const error = await errorOf(upstream.origin, [ca.certificate]);
    expect(error.message).toMatch(/^certificate of 127\.0\.0\.1:\d+ is for other names: "DNS:quay\.io/);
  });

  it('a port without TLS is called so', async () => {
    const upstream = await startLoopbackServer((response) => response.end());
    const error = await errorOf(upstream.origin.replace('http:', 'https:'));
    expect(error.code).toBe('unreachable');
    expect(error.message).toMatch(
      /does not speak TLS: if that is meant, write upstreams\.quay\.io\.url with http:/,
    );
  });
});

describe('TCP and HTTP', () => {
  it('a refused connection is unreachable', async () => {
    const error = await errorOf('http://127.0.0.1:1');
    expect(error.code).toBe('unreachable');
    expect(error.message).toMatch(/^127\.0\.0\.1:1 refused the TCP connection/);
  });

  it('a connection closed without an answer is tried once more, then unreachable', async () => {
    let connections = 0;
    const origin = await startSocketServer((socket) => {
      connections++;
      socket.once('data', () => socket.destroy());
    });
    const error = await errorOf(origin);
    expect(error.code).toBe('unreachable');
    expect(connections).toBe(2);
  });

  it('an answer that is no HTTP is invalid', async () => {
    const origin = await startSocketServer((socket) => {
      socket.once('data', () => socket.end('SSH-2.0-OpenSSH\r\n'));
    });
    expect((await errorOf(origin)).code).toBe('invalid');
  });
});

describe('networkError', () => {
  it.each([
    ['ENOTFOUND', 'unreachable', 'DNS knows no host registry.example.com'],
    ['EAI_AGAIN', 'unreachable', 'DNS did not answer for registry.example.com'],
    ['EHOSTUNREACH', 'unreachable', 'no route to registry.example.com'],
    ['UND_ERR_CONNECT_TIMEOUT', 'unreachable', 'did not accept a connection in time'],
    ['UND_ERR_HEADERS_TIMEOUT', 'timeout', 'sent no headers in time'],
    ['UND_ERR_BODY_TIMEOUT', 'timeout', 'sent nothing more'],
    ['CERT_NOT_YET_VALID', 'unreachable', 'not valid yet'],
    ['SOMETHING_NEW', 'unreachable', 'no answer from registry.example.com: "boom"'],
  ])('%s is %s: %s', (nodeCode, code, text) => {
    const cause = Object.assign(new Error('boom'), { code: nodeCode });
    const url = new URL('https://user:pw@registry.example.com/v2/?sig=s');
    const error = networkError(cause, url, { name: upstreamNamed('registry.example.com') });
    expect(error).toMatchObject({ code, cause });
    expect(error.message).toContain(text);
    expect(error.message).not.toMatch(/pw|sig/);
  });

  it('speaks of the first of several addresses', () => {
    const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    const error = networkError(new AggregateError([refused]), new URL('https://quay.io'), {
      name: upstreamNamed('quay.io'),
    });
    expect(error.message).toContain('refused the TCP connection');
  });

  it('leaves the certificate of the peer out of the log', () => {
    const code = 'ERR_TLS_CERT_ALTNAME_INVALID';
    const cert = { subjectaltname: 'DNS:other.example.com', raw: Buffer.alloc(1000) };
    const cause = Object.assign(new Error('altnames'), { code, cert });
    const error = networkError(cause, new URL('https://quay.io'), { name: upstreamNamed('quay.io') });
    expect(error.message).toContain('is for other names: "DNS:other.example.com"');
    expect(error.cause).toMatchObject({ message: 'altnames', code });
    expect(error.cause).not.toHaveProperty('cert');
  });

  it('names the settings of the middleware downstream where they are there', () => {
    const cause = Object.assign(new Error('self-signed'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    const upstream = {
      name: upstreamNamed('dtr.example.com'),
      downstreamKey: 'middleware.registry[0].options',
    };
    const error = networkError(cause, new URL('https://dtr.example.com'), upstream);
    expect(error.message).toContain('add its CA to middleware.registry[0].options.cas');
  });
});
