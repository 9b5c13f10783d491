import { beforeAll, expect, test } from 'vitest';
import { issue, issueChain, type Chain, type Pair } from '../../../../config/test/support/certificates.ts';
import { diagnose, stepOf } from '../../support/diagnose.ts';
import { startPlain, startTls } from '../../support/tls-server.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const SETTING = 'upstreams.registry.test';

let ca: Pair;
let other: Pair;
let chain: Chain;

beforeAll(async () => {
  [ca, other, chain] = await Promise.all([
    issue('Test CA', { isCa: true }),
    issue('Other CA', { isCa: true }),
    issueChain(),
  ]);
});

function day(offsetDays: number): string {
  return new Date(Date.now() + offsetDays * DAY_MS).toISOString().slice(0, 10);
}

function fromTo(fromDays: number, toDays: number): { notBefore: Date; notAfter: Date } {
  return {
    notBefore: new Date(Date.now() + fromDays * DAY_MS),
    notAfter: new Date(Date.now() + toDays * DAY_MS),
  };
}

test('a certificate of a configured authority is told with who issued it and until when', async () => {
  const port = await startTls(await issue('localhost', { ca, names: ['localhost'], ...fromTo(-1, 30) }));
  const diagnosis = await diagnose(`https://localhost:${port}`, { upstream: { cas: [ca.cert] } });
  expect(stepOf(diagnosis, 'tls')).toEqual({
    name: 'tls',
    outcome: 'ok',
    message: `TLSv1.3: CN=localhost, issued by CN=Test CA, valid until ${day(30)}, trusted by ${SETTING}.cas`,
  });
  expect(diagnosis.trust).toEqual({ anchor: 'configured', authority: 'CN=Test CA' });
  expect(diagnosis.steps.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
    'dns ok',
    'tcp ok',
    'tls ok',
    'clock ok',
    'ping ok',
    'login skipped',
    'manifest skipped',
  ]);
});

interface Case {
  readonly name: string;
  readonly server: () => Promise<Pair>;
  readonly cas?: () => string[];
  readonly message: () => string;
  readonly advice: string;
}

const CASES: readonly Case[] = [
  {
    name: 'an authority that nobody told us of',
    server: () => issue('localhost', { ca, names: ['localhost'] }),
    message: () => 'the certificate authority CN=Test CA that issued CN=localhost is not known',
    advice:
      `this cache does not trust localhost: add the certificate of CN=Test CA to ${SETTING}.cas; ` +
      'if that is an intermediate authority, have localhost send it after its own certificate',
  },
  {
    name: 'another authority than the one that we were told of',
    server: () => issue('localhost', { ca, names: ['localhost'] }),
    cas: () => [other.cert],
    message: () => 'the certificate authority CN=Test CA that issued CN=localhost is not known',
    advice:
      `this cache does not trust localhost: add the certificate of CN=Test CA to ${SETTING}.cas; ` +
      'if that is an intermediate authority, have localhost send it after its own certificate',
  },
  {
    name: 'an authority that was made anew',
    server: async () =>
      issue('localhost', { ca: await issue('Test CA', { isCa: true }), names: ['localhost'] }),
    cas: () => [ca.cert],
    message: () => 'the certificate authority CN=Test CA that issued CN=localhost is not known',
    advice:
      `this cache does not trust localhost: add the certificate of CN=Test CA to ${SETTING}.cas; ` +
      'the one of that name there has another key, perhaps an older one',
  },
  {
    name: 'an authority that it sends itself',
    server: async () => {
      const { cert, key } = await issue('localhost', { ca, names: ['localhost'] });
      return { cert: cert + ca.cert, key };
    },
    message: () => 'the certificate authority CN=Test CA that it comes with is not trusted',
    advice: `this cache does not trust localhost: add the certificate of CN=Test CA to ${SETTING}.cas`,
  },
  {
    name: 'no authority',
    server: () => issue('localhost', { names: ['localhost'] }),
    message: () => 'it is self-signed',
    advice: `this cache does not trust localhost: add its certificate CN=localhost to ${SETTING}.cas`,
  },
  {
    name: 'an intermediate authority that is not sent',
    server: () => issue('localhost', { ca: chain.intermediate, names: ['localhost'] }),
    cas: () => [chain.root.cert],
    message: () => 'the certificate authority CN=intermediate that issued CN=localhost is not known',
    advice:
      `this cache does not trust localhost: add the certificate of CN=intermediate to ${SETTING}.cas; ` +
      'if that is an intermediate authority, have localhost send it after its own certificate',
  },
  {
    name: 'an intermediate authority of a root that is not known',
    server: async () => {
      const { cert, key } = await issue('localhost', { ca: chain.intermediate, names: ['localhost'] });
      return { cert: cert + chain.intermediate.cert, key };
    },
    message: () => 'the certificate authority CN=root that issued CN=intermediate is not known',
    advice: `this cache does not trust localhost: add the certificate of CN=root to ${SETTING}.cas`,
  },
  {
    name: 'a certificate that has expired',
    server: () => issue('localhost', { ca, names: ['localhost'], ...fromTo(-30, -1) }),
    cas: () => [ca.cert],
    message: () => `CN=localhost expired on ${day(-1)}`,
    advice: 'have the certificate of localhost renewed, or set the clock here if it is wrong',
  },
  {
    name: 'a certificate that is not valid yet',
    server: () => issue('localhost', { ca, names: ['localhost'], ...fromTo(2, 30) }),
    cas: () => [ca.cert],
    message: () => `CN=localhost is not valid before ${day(2)}`,
    advice: 'set the clock here, or that of whoever made the certificate of localhost',
  },
  {
    name: 'a certificate for other names',
    server: () => issue('localhost', { ca, names: ['registry.example.com', 'dtr.example.com'] }),
    cas: () => [ca.cert],
    message: () => 'it is for registry.example.com, dtr.example.com, not for localhost',
    advice: `write ${SETTING}.url with a name that the certificate is for, or have one made that names localhost`,
  },
  {
    name: 'a certificate with every fault at once',
    server: () => issue('localhost', { ca, names: ['dtr.example.com'], ...fromTo(-30, -1) }),
    message: () =>
      `CN=localhost expired on ${day(-1)}; it is for dtr.example.com, not for localhost; ` +
      'the certificate authority CN=Test CA that issued CN=localhost is not known',
    advice:
      'have the certificate of localhost renewed, or set the clock here if it is wrong; ' +
      `write ${SETTING}.url with a name that the certificate is for, or have one made that names localhost; ` +
      `this cache does not trust localhost: add the certificate of CN=Test CA to ${SETTING}.cas; ` +
      'if that is an intermediate authority, have localhost send it after its own certificate',
  },
];

test.each(CASES)(
  '$name: the step says which certificate, and what to do',
  async ({ server, cas, message, advice }) => {
    const port = await startTls(await server());
    const diagnosis = await diagnose(`https://localhost:${port}`, { upstream: { cas: cas?.() ?? [] } });
    expect(stepOf(diagnosis, 'tls')).toEqual({
      name: 'tls',
      outcome: 'failed',
      message: `the certificate CN=localhost of localhost:${port} is not accepted: ${message()}`,
      advice,
    });
    // Nothing else is sent there.
    expect(diagnosis.steps.map(({ name }) => name)).toEqual(['dns', 'tcp', 'tls', 'clock']);
  },
);

test('of an origin that authorizes clients itself, the advice says where its authority can be had', async () => {
  const { cert, key } = await issue('localhost', { ca, names: ['localhost'] });
  const port = await startTls({ cert: cert + ca.cert, key });
  const url = `https://localhost:${port}`;
  const diagnosis = await diagnose(url, { upstream: { authorization: 'origin' } });
  expect(stepOf(diagnosis, 'tls').advice).toBe(
    `this cache does not trust localhost: add the certificate of CN=Test CA to ${SETTING}.cas ` +
      `(a DTR or MSR gives it out at ${url}/ca)`,
  );
});

test('the whole chain makes a certificate trusted', async () => {
  const { cert, key } = await issue('localhost', { ca: chain.intermediate, names: ['localhost'] });
  const port = await startTls({ cert: cert + chain.intermediate.cert, key });
  const diagnosis = await diagnose(`https://localhost:${port}`, { upstream: { cas: [chain.root.cert] } });
  expect(stepOf(diagnosis, 'tls').outcome).toBe('ok');
  expect(diagnosis.trust).toEqual({ anchor: 'configured', authority: 'CN=root' });
});

test('a root that expired and is sent all the same does no harm where its successor is trusted', async () => {
  const successor = await issue('Old CA', { isCa: true });
  const old = await issue('Old CA', { isCa: true, key: successor.key, ...fromTo(-30, -1) });
  const { cert, key } = await issue('localhost', { ca: successor, names: ['localhost'] });
  const port = await startTls({ cert: cert + old.cert, key });
  const diagnosis = await diagnose(`https://localhost:${port}`, { upstream: { cas: [successor.cert] } });
  expect(stepOf(diagnosis, 'tls').outcome).toBe('ok');
});

test('a server without TLS is told from one with a bad certificate', async () => {
  const port = await startPlain();
  const diagnosis = await diagnose(`https://localhost:${port}`);
  expect(stepOf(diagnosis, 'tls')).toEqual({
    name: 'tls',
    outcome: 'failed',
    message: `localhost:${port} does not speak TLS`,
    advice: `if plain HTTP is meant, write ${SETTING}.url with http://`,
  });
});

test('a server of TLS that is asked in plain HTTP is recognised', async () => {
  const port = await startTls(await issue('localhost', { ca, names: ['localhost'] }));
  const diagnosis = await diagnose(`http://localhost:${port}`);
  expect(stepOf(diagnosis, 'tls').message).toBe('plain HTTP');
  expect(stepOf(diagnosis, 'ping')).toEqual({
    name: 'ping',
    outcome: 'failed',
    message: `localhost:${port} speaks TLS, and was asked in plain HTTP`,
    advice: `write ${SETTING}.url with https://`,
  });
});
