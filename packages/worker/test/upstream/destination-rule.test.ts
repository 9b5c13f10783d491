import type { LookupFunction } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createDestinationRule } from '../../src/upstream/destination-rule.ts';
import { sendJson, startLoopbackServer } from './support/loopback-server.ts';
import {
  BLOB,
  DIGEST,
  LATEST,
  NAME,
  patiently,
  registryOf,
  upstreamErrorOf,
  upstreamNamed,
} from './support/registry-of.ts';

const REGISTRY = { name: upstreamNamed('quay.io'), url: 'https://quay.io', tokenHosts: ['localhost:5001'] };

/** Knows every name, and that it is this machine. */
const everythingIsHere: LookupFunction = (_, options, callback) => {
  if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};

describe('an upstream may not send us to', () => {
  it.each([
    'http://127.0.0.1/',
    'https://127.8.9.10:8443/',
    'http://0x7f.1/',
    'http://2130706433/',
    'http://0.0.0.0/',
    'http://169.254.169.254/latest/meta-data/',
    'http://100.100.100.200/',
    'http://168.63.129.16/',
    'http://[::1]/',
    'http://[::]/',
    'http://[fe80::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:169.254.169.254]/',
    'http://[fd00:ec2::254]/',
    'http://LocalHost/',
    'http://localhost./',
    'http://api.localhost/',
  ])('%s', (url) => {
    const rule = createDestinationRule({ ...REGISTRY, tokenHosts: [] });
    expect(() => rule.check(new URL(url))).toThrow(/quay\.io sends us to .*: refused/);
  });
});

describe('an upstream may send us to', () => {
  it.each(['https://cdn.quay.io/', 'https://192.0.2.1/', 'http://10.0.0.1:9000/', 'http://[2001:db8::1]/'])(
    '%s',
    (url) => {
      expect(() => createDestinationRule(REGISTRY).check(new URL(url))).not.toThrow();
    },
  );

  it('a token endpoint on this machine that the operator has named', () => {
    expect(() => createDestinationRule(REGISTRY).check(new URL('http://localhost:5001/token'))).not.toThrow();
  });

  it.each(['http://localhost:5000', 'http://127.0.0.1:5000', 'http://[::1]:5000'])(
    'this machine when it is %s itself',
    (url) => {
      const rule = createDestinationRule({ ...REGISTRY, url });
      expect(() => rule.check(new URL('http://127.0.0.1:9000/'))).not.toThrow();
    },
  );
});

it('a redirect to the metadata of the cloud is not followed', async () => {
  // The upstream is asked through a proxy, so that its own name stays that of another machine.
  const proxy = await startLoopbackServer((response) =>
    response.writeHead(307, { location: 'http://169.254.169.254/latest/meta-data/' }).end(),
  );
  const registry = registryOf('http://registry.example.com', { outboundProxy: { httpProxy: proxy.origin } });
  const error = await upstreamErrorOf(registry.blobGet(NAME, DIGEST, patiently()));
  expect(error.code).toBe('invalid');
  expect(error.message).toContain('quay.io sends us to http://169.254.169.254/latest/meta-data/');
  expect(proxy.requests).toHaveLength(1);
});

it('a redirect to a name that is this machine is not followed', async () => {
  const secret = await startLoopbackServer((response) => response.end(BLOB));
  const upstream = await startLoopbackServer((response) =>
    response.writeHead(307, { location: `http://harmless.example.com:${secret.port}/` }).end(),
  );
  const registry = registryOf(`http://registry.example.com:${upstream.port}`, { lookup: everythingIsHere });
  const error = await upstreamErrorOf(registry.blobGet(NAME, DIGEST, patiently()));
  expect(error.code).toBe('invalid');
  expect(error.message).toContain('harmless.example.com (127.0.0.1)');
  expect(secret.requests).toEqual([]);
});

it('a token endpoint that is this machine is not asked', async () => {
  const secret = await startLoopbackServer((response) => sendJson(response, { token: 't' }));
  const upstream = await startLoopbackServer((response) => {
    const challenge = `Bearer realm="http://harmless.example.com:${secret.port}/token"`;
    response.writeHead(401, { 'www-authenticate': challenge }).end();
  });
  const registry = registryOf(`http://registry.example.com:${upstream.port}`, { lookup: everythingIsHere });
  const error = await upstreamErrorOf(registry.manifestGet(NAME, LATEST, patiently()));
  expect(error.code).toBe('invalid');
  expect(secret.requests).toEqual([]);
});
