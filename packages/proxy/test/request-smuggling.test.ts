import { describe, expect, test } from 'vitest';
import { exchangeRaw, fetchAnswer } from './support/client.ts';
import { startTestProxy } from './support/proxy.ts';
import { startWorker } from './support/worker.ts';

const PATH = '/v2/quay.io/org/image/manifests/v1';
const SMUGGLED = 'GET /v2/quay.io/smuggled/manifests/v1 HTTP/1.1\r\nHost: x\r\n\r\n';

describe('a second request hidden in the first never reaches a worker', () => {
  test.each([
    [
      'content-length and transfer-encoding',
      `GET ${PATH} HTTP/1.1`,
      'Content-Length: 4',
      'Transfer-Encoding: chunked',
    ],
    ['two content-lengths', `GET ${PATH} HTTP/1.1`, 'Content-Length: 0', 'Content-Length: 5'],
    ['an unknown coding', `GET ${PATH} HTTP/1.1`, 'Transfer-Encoding: xchunked'],
    ['a coding behind chunked', `GET ${PATH} HTTP/1.1`, 'Transfer-Encoding: chunked, identity'],
    ['a space before the colon', `GET ${PATH} HTTP/1.1`, 'Transfer-Encoding : chunked'],
    ['a folded header', `GET ${PATH} HTTP/1.1`, 'X: a', ' Transfer-Encoding: chunked'],
    ['a bare line feed', `GET ${PATH} HTTP/1.1`, 'X: a\nTransfer-Encoding: chunked'],
    ['a body of GET', `GET ${PATH} HTTP/1.1`, `Content-Length: ${SMUGGLED.length}`],
    ['a chunked DELETE', `DELETE ${PATH} HTTP/1.1`, 'Transfer-Encoding: chunked'],
    ['a POST', `POST ${PATH} HTTP/1.1`, 'Content-Length: 3'],
    [
      'a connection upgrade with a body',
      `GET ${PATH} HTTP/1.1`,
      'Content-Length: 9',
      'Connection: upgrade',
      'Upgrade: h2c',
    ],
    ['an expectation', `PUT ${PATH} HTTP/1.1`, 'Expect: 100-continue', 'Content-Length: 500'],
    ['CONNECT', 'CONNECT quay.io:443 HTTP/1.1'],
    ['an absolute target', `GET http://quay.io${PATH} HTTP/1.1`],
    ['a line end in the target', `GET ${PATH}\rX HTTP/1.1`],
  ])('%s', async (_name, ...lines) => {
    const { port, socketPath } = await startTestProxy();
    const worker = await startWorker(
      socketPath,
      (_request, response) => void response.end('from the worker'),
    );
    const end = lines[0]?.startsWith('GET http:') ? 'Connection: close\r\n\r\n' : `\r\n${SMUGGLED}`;
    const answer = await exchangeRaw(port, `${lines.join('\r\n')}\r\nHost: x\r\n${end}`);
    expect(answer).not.toContain('HTTP/1.1 200');
    expect(answer).not.toContain('HTTP/1.1 100');
    expect(worker.requests).toEqual([]);
  });
});

test.each([['POST'], ['PUT'], ['PATCH'], ['DELETE'], ['OPTIONS'], ['TRACE']])(
  '%s is unsupported, before anything is proxied',
  async (method) => {
    const { port, socketPath } = await startTestProxy();
    const worker = await startWorker(socketPath, (_request, response) => void response.end());
    const answer = await fetchAnswer(port, PATH, { method });
    expect(answer.status).toBe(405);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ errors: [{ code: 'UNSUPPORTED' }] });
    expect(worker.requests).toEqual([]);
  },
);

test('pipelined requests are answered in their order', async () => {
  const { port, socketPath } = await startTestProxy();
  await startWorker(socketPath, (request, response) => void response.end(request.url));
  const request = (tag: string, more: string): string =>
    `GET /v2/quay.io/org/image/manifests/${tag} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
  const answer = await exchangeRaw(port, request('a', '') + request('b', 'Connection: close\r\n'));
  expect(answer.match(/manifests\/./g)).toEqual(['manifests/a', 'manifests/b']);
});

test('a malformed request is answered with 400, and too long a header with 431', async () => {
  const { port } = await startTestProxy();
  expect(await exchangeRaw(port, 'nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  const long = `GET /v2/ HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`;
  expect(await exchangeRaw(port, long)).toMatch(/^HTTP\/1\.1 431 /);
});

test.each([
  ['no host', 'X: y'],
  ['two hosts', 'Host: a\r\nHost: b'],
  ['one host twice', 'Host: a\r\nHost: a'],
])('%s: the request is refused before anything is proxied', async (_name, hosts) => {
  const { port, socketPath } = await startTestProxy();
  const worker = await startWorker(socketPath, (_request, response) => void response.end());
  const answer = await exchangeRaw(port, `GET ${PATH} HTTP/1.1\r\n${hosts}\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1\.1 400 .*"NAME_INVALID"/s);
  expect(worker.requests).toEqual([]);
});

test('an expectation that nobody knows is no obstacle', async () => {
  const { port } = await startTestProxy();
  const answer = await fetchAnswer(port, '/v2/', { headers: { expect: 'nonsense' } });
  expect(answer.status).toBe(200);
});

test('what follows a request whose answer is being sent is never answered into that answer', async () => {
  const { port, socketPath } = await startTestProxy();
  await startWorker(socketPath, (_request, response) => {
    response.writeHead(200, { 'content-length': '1000' }).write('begun');
  });
  const answer = await exchangeRaw(port, `GET ${PATH} HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\n`);
  expect(answer.split('\r\n\r\n').slice(1).join('')).toMatch(/^(begun)?$/);
});
