import { describe, expect, test } from 'vitest';
import { exchangeRaw } from './support/client.ts';
import { fetchAs, startOriginProxy } from './support/origin.ts';

const IMAGE = '/v2/quay.io/org/image/manifests/v1';

describe('a Host that is none gets into no header', () => {
  test.each([
    ['a"b'],
    ['a",realm="https://evil.example'],
    ['evil.example/path'],
    ['evil.example?x'],
    ['user@evil.example'],
    ['a b'],
    ['a,b'],
    ['a\\b'],
    ['a:b'],
    ['a:123456'],
    ['a:'],
    ['-a'],
    ['a<b>'],
    ['[::1'],
    ['\u00e4'],
    [''],
  ])('%j', async (host) => {
    const { port } = await startOriginProxy();
    for (const path of ['/v2/', '/quay.io/v2/', IMAGE]) {
      const answer = await exchangeRaw(
        port,
        `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 400 .*"NAME_INVALID"/s);
      expect(answer).not.toMatch(/www-authenticate/i);
    }
  });
});

test.each([
  ['localhost'],
  ['Cache.Example.com:8443'],
  ['192.0.2.1:5000'],
  ['[2001:db8::1]:5000'],
  ['registry_cache:5000'],
])('%s is a host', async (host) => {
  const proxy = await startOriginProxy();
  const answer = await fetchAs(proxy, '/v2/', undefined, { headers: { host } });
  expect(answer.headers['www-authenticate']).toBe(`Bearer realm="http://${host}/token",service="${host}"`);
});

test('a client of HTTP/1.0 that names no host cannot be told where to go', async () => {
  const { port } = await startOriginProxy();
  expect(await exchangeRaw(port, `GET ${IMAGE} HTTP/1.0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
});

describe('what a client says of upstream, repository and scope gets into no header but by its name', () => {
  test.each([
    ['/v2/org/image/manifests/v1?ns=quay.io%22,x=%22'],
    ['/v2/org/image/manifests/v1?ns=quay.io%0d%0aSet-Cookie:x'],
    ['/v2/quay.io/org"image/manifests/v1'],
    ['/v2/quay.io/org%22image/manifests/v1'],
    ['/token/quay.io%22'],
    ['/token?scope=repository:quay.io/a%0d%0aSet-Cookie:x:pull'],
    ['/token?service=%22%0d%0ax'],
    ['/token?scope=repository:quay.io/a%22,error=%22x:pull&service=%22evil%22&account=%22'],
  ])('%s', async (path) => {
    const { port } = await startOriginProxy();
    const answer = await exchangeRaw(port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    const [head = ''] = answer.split('\r\n\r\n');
    expect(head).not.toMatch(/set-cookie|evil|www-authenticate/i);
    expect(head).toMatch(path.includes('service=%22evil') ? /^HTTP\/1\.1 200 / : /^HTTP\/1\.1 40[04] /);
  });
});
