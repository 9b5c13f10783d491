import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { issue, type Pair } from '../../../../config/test/support/certificates.ts';
import { findFreePort } from '../../../../../test/support/free-port.ts';
import { diagnose, diagnoseAll, stepOf } from '../../support/diagnose.ts';
import { startPlain, startSilent, startTls } from '../../support/tls-server.ts';

const SETTING = 'upstreams.registry.test';
const MINUTE_MS = 60_000;

async function localhostPair(): Promise<{ readonly ca: Pair; readonly pair: Pair }> {
  const ca = await issue('Test CA', { isCa: true });
  return { ca, pair: await issue('localhost', { ca, names: ['localhost'] }) };
}

test('a name that DNS does not know ends the check there', async () => {
  const { steps } = await diagnose('https://nowhere.invalid');
  expect(steps).toHaveLength(1);
  const [step] = steps;
  expect(step).toMatchObject({ name: 'dns', outcome: 'failed' });
  // A machine without any resolver cannot know that there is none.
  expect([
    ['DNS knows no host nowhere.invalid', `check ${SETTING}.url and the resolvers of this machine`],
    [
      'DNS did not answer for nowhere.invalid',
      'check the resolvers of this machine (/etc/resolv.conf; in a container, its network)',
    ],
  ]).toContainEqual([step?.message, step?.advice]);
});

test('a port that nobody listens on is refused', async () => {
  const port = await findFreePort();
  const diagnosis = await diagnose(`https://127.0.0.1:${port}`);
  expect(diagnosis.steps).toEqual([
    { name: 'dns', outcome: 'ok', message: '127.0.0.1 is an address' },
    {
      name: 'tcp',
      outcome: 'failed',
      message: `127.0.0.1:${port} refused the connection`,
      advice: `nothing listens at 127.0.0.1:${port}, or a firewall rejects it: check ${SETTING}.url`,
    },
  ]);
});

test('a server that accepts and says nothing is given up, with what it was to do', async () => {
  const port = await startSilent();
  const encrypted = await diagnose(`https://127.0.0.1:${port}`, { timeoutMs: 500 });
  expect(stepOf(encrypted, 'tls')).toEqual({
    name: 'tls',
    outcome: 'failed',
    message: `127.0.0.1:${port} accepted the connection and said nothing to a TLS handshake within 0.5 s`,
    advice: `check that 127.0.0.1:${port} is a registry, and what stands between`,
  });
  const plain = await diagnose(`http://127.0.0.1:${port}`, { timeoutMs: 500 });
  expect(stepOf(plain, 'ping')).toEqual({
    name: 'ping',
    outcome: 'failed',
    message: `127.0.0.1:${port} took the request and sent no answer within 0.5 s`,
  });
});

test.each<[string, number, string, string]>([
  ['half an hour behind', 30, 'warning', 'this machine is 30 min behind 127.0.0.1'],
  ['half an hour ahead', -30, 'warning', 'this machine is 30 min ahead of 127.0.0.1'],
  ['four minutes behind', 4, 'ok', 'this machine is 4 min behind 127.0.0.1'],
  ['right', 0, 'ok', 'the same here and there'],
])('a clock that is %s is told', async (_name, minutes, outcome, message) => {
  const port = await startPlain((_, res) => {
    const date = new Date(Date.now() + minutes * MINUTE_MS).toUTCString();
    res.writeHead(200, { date, 'content-type': 'application/json' }).end('{}');
  });
  const step = stepOf(await diagnose(`http://127.0.0.1:${port}`), 'clock');
  expect(step).toMatchObject({ outcome, message });
  expect(step.advice).toBe(
    outcome === 'ok'
      ? undefined
      : 'set the clock of this machine, or of 127.0.0.1: certificates and tokens are judged by it',
  );
});

test('a wrong clock is told beside the certificate that is not valid because of it', async () => {
  const { ca } = await localhostPair();
  const notBefore = new Date(Date.now() + 24 * 60 * MINUTE_MS);
  const pair = await issue('localhost', { ca, names: ['localhost'], notBefore });
  const port = await startTls(
    pair,
    (_, res) => void res.writeHead(200, { date: notBefore.toUTCString() }).end(),
  );
  const diagnosis = await diagnose(`https://localhost:${port}`, { upstream: { cas: [ca.cert] } });
  expect(stepOf(diagnosis, 'tls').outcome).toBe('failed');
  expect(stepOf(diagnosis, 'clock').message).toBe('this machine is 24 h behind localhost');
});

test.each<[string, RequestListener, object]>([
  [
    'a web server',
    (_, res) => void res.writeHead(200, { 'content-type': 'text/html' }).end('<p>Log in to the Wi-Fi</p>'),
    {
      outcome: 'failed',
      message: expect.stringMatching(/^127\.0\.0\.1:\d+ answered \/v2\/ with a web page$/),
    },
  ],
  [
    'a server that knows no /v2/',
    (_, res) => void res.writeHead(404).end(),
    { outcome: 'failed', message: expect.stringMatching(/ answered 404 to \/v2\/$/) },
  ],
  [
    'a registry in trouble',
    (_, res) => void res.writeHead(503).end(),
    { outcome: 'failed', message: expect.stringMatching(/ answered 503 to \/v2\/, expected 200 or 401$/) },
  ],
  [
    'a registry whose challenge nobody understands',
    (_, res) => void res.writeHead(401, { 'www-authenticate': 'Negotiate' }).end(),
    {
      outcome: 'failed',
      message: expect.stringMatching(
        / answered 401 with no challenge of Basic or Bearer: WWW-Authenticate is "Negotiate"$/,
      ),
    },
  ],
  [
    'a registry that moved',
    (_, res) => void res.writeHead(301, { location: 'https://new.example.com/v2/?secret=1' }).end(),
    {
      outcome: 'warning',
      message: expect.stringMatching(
        / answered 301 to \/v2\/ and leads to https:\/\/new\.example\.com\/v2\/$/,
      ),
    },
  ],
  [
    'a server that hangs up',
    (req) => void req.socket.destroy(),
    { outcome: 'failed', message: expect.stringMatching(/ closed the connection without an answer$/) },
  ],
])('%s is no registry to pull from', async (_name, listener, expected) => {
  const port = await startPlain(listener);
  expect(stepOf(await diagnose(`http://127.0.0.1:${port}`), 'ping')).toMatchObject(expected);
});

test('another cache that is down is no failure: the origin is asked in its place', async () => {
  const port = await startPlain();
  const dead = await findFreePort();
  const caches = [`https://127.0.0.1:${dead}`];
  const [upstream, neighbour] = await diagnoseAll(`http://127.0.0.1:${port}`, {
    upstream: { authorization: 'origin', caches },
  });
  expect(upstream).toMatchObject({ kind: 'upstream' });
  expect(neighbour).toMatchObject({ kind: 'neighbour', url: `https://127.0.0.1:${dead}` });
  expect(neighbour?.steps.at(-1)).toEqual({
    name: 'tcp',
    outcome: 'warning',
    message: `127.0.0.1:${dead} refused the connection`,
    advice: `nothing listens at 127.0.0.1:${dead}, or a firewall rejects it: check ${SETTING}.caches`,
  });
});

/** Lets `user:pass` through to wherever a tunnel is asked for, and answers plain requests itself. */
async function startProxy(pair?: Pair): Promise<{ readonly port: number; readonly asked: string[] }> {
  const asked: string[] = [];
  const answer: RequestListener = (req, res) => {
    asked.push(`${req.method} ${req.url}`);
    res.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  };
  const server = pair === undefined ? createServer(answer) : createTlsServer(pair, answer);
  server.on('connect', (req, socket) => {
    asked.push(`CONNECT ${req.url}`);
    socket.on('error', () => {});
    if (req.headers['proxy-authorization'] !== `Basic ${Buffer.from('user:pass').toString('base64')}`) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const { hostname, port } = new URL(`http://${req.url}`);
    const upstream = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      socket.pipe(upstream).pipe(socket);
    });
    upstream.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new TypeError('expected a TCP address');
  return { port: address.port, asked };
}

test('an outbound proxy is used, and said to be, without its password', async () => {
  const { ca, pair } = await localhostPair();
  const port = await startTls(pair);
  const proxy = await startProxy();
  const diagnosis = await diagnose(`https://localhost:${port}`, {
    upstream: { cas: [ca.cert] },
    outboundProxy: { httpsProxy: `http://user:pass@127.0.0.1:${proxy.port}` },
  });
  expect(stepOf(diagnosis, 'dns')).toEqual({
    name: 'dns',
    outcome: 'skipped',
    message: `left to the outbound proxy http://127.0.0.1:${proxy.port}`,
  });
  expect(stepOf(diagnosis, 'tcp').message).toMatch(
    new RegExp(`^tunnel to localhost:${port} by the outbound proxy http://127\\.0\\.0\\.1:${proxy.port} in `),
  );
  expect(stepOf(diagnosis, 'tls').outcome).toBe('ok');
  expect(stepOf(diagnosis, 'ping').outcome).toBe('ok');
  expect(proxy.asked).toEqual([`CONNECT localhost:${port}`]);
});

test('an outbound proxy with TLS must be trusted itself', async () => {
  const { ca, pair } = await localhostPair();
  const port = await startTls(pair);
  const proxy = await startProxy(pair);
  const outboundProxy = { httpsProxy: `https://user:pass@localhost:${proxy.port}` };
  const url = `https://localhost:${port}`;
  const trusted = await diagnose(url, { upstream: { cas: [ca.cert] }, outboundProxy });
  expect(stepOf(trusted, 'ping').outcome).toBe('ok');
  const untrusted = await diagnose(url, { outboundProxy });
  expect(stepOf(untrusted, 'tcp')).toEqual({
    name: 'tcp',
    outcome: 'failed',
    message: `the certificate of the outbound proxy localhost:${proxy.port} is not trusted`,
    advice: `add its certificate authority to ${SETTING}.cas`,
  });
});

test('an outbound proxy that is not there is told from an upstream that is not', async () => {
  const port = await findFreePort();
  const httpsProxy = `http://127.0.0.1:${port}`;
  const diagnosis = await diagnose('https://registry.example.com', { outboundProxy: { httpsProxy } });
  expect(stepOf(diagnosis, 'tcp')).toEqual({
    name: 'tcp',
    outcome: 'failed',
    message: `no way to the outbound proxy: 127.0.0.1:${port} refused the connection`,
    advice: 'check HTTP_PROXY, HTTPS_PROXY and NO_PROXY of this process',
  });
});

test('an outbound proxy that refuses is told from an upstream that does', async () => {
  const proxy = await startProxy();
  const httpsProxy = `http://user:wrong@127.0.0.1:${proxy.port}`;
  const diagnosis = await diagnose('https://registry.example.com', { outboundProxy: { httpsProxy } });
  expect(stepOf(diagnosis, 'tcp')).toEqual({
    name: 'tcp',
    outcome: 'failed',
    message: `the outbound proxy http://127.0.0.1:${proxy.port} refused a tunnel to registry.example.com:443: it answered 407`,
    advice: 'put a user and password into HTTPS_PROXY that the proxy accepts',
  });
});

test('plain HTTP is asked of an outbound proxy with the whole URL', async () => {
  const proxy = await startProxy();
  const httpProxy = `http://127.0.0.1:${proxy.port}`;
  const diagnosis = await diagnose('http://registry.example.com:5000', { outboundProxy: { httpProxy } });
  expect(stepOf(diagnosis, 'ping').outcome).toBe('ok');
  expect(proxy.asked).toEqual(['GET http://registry.example.com:5000/v2/']);
});

test.each(['*', 'localhost', '127.0.0.1,.localhost', 'localhost:{port}'])(
  'an upstream of NO_PROXY %s is asked directly',
  async (noProxy) => {
    const proxy = await startProxy();
    const port = await startPlain();
    const outboundProxy = {
      httpProxy: `http://127.0.0.1:${proxy.port}`,
      noProxy: noProxy.replace('{port}', String(port)),
    };
    const diagnosis = await diagnose(`http://localhost:${port}`, { outboundProxy });
    expect(stepOf(diagnosis, 'ping').outcome).toBe('ok');
    expect(proxy.asked).toEqual([]);
  },
);
