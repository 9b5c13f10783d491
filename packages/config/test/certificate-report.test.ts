import { expect, test } from 'vitest';
import { describeCertificate } from '../src/certificate-report.ts';
import { parseTls } from '../src/certificate.ts';
import { issue, issueChain, type Pair } from './support/certificates.ts';

const NOW = Date.parse('2030-06-15T12:00:00Z');
const DAY_MS = 24 * 60 * 60 * 1000;
const names = ['cache.example.com', '*.example.com'];

function report(pair: Pair, ...others: Pair[]): ReturnType<typeof describeCertificate> {
  const tls = parseTls([pair.key, pair.cert, ...others.map(({ cert }) => cert)].join(''), 'certs.pem');
  return describeCertificate(tls, NOW);
}

test('a good certificate has names, times, a chain and no problems', async () => {
  const notBefore = new Date(NOW - DAY_MS);
  const notAfter = new Date(NOW + 300 * DAY_MS);
  expect(report(await issue('cache', { names, notBefore, notAfter }))).toEqual({
    source: 'certs.pem',
    subject: 'CN=cache',
    issuer: 'CN=cache',
    names,
    notBefore,
    notAfter,
    chain: ['CN=cache'],
    problems: [],
  });
});

test.each([
  ['has expired', -10, -1, 'CN=cache expired on 2030-06-14: clients refuse it, renew it'],
  ['is not valid yet', 2, 100, 'CN=cache is not valid before 2030-06-17: check the clock, or wait'],
  ['expires soon', -10, 5, 'CN=cache expires on 2030-06-20: renew it'],
])('a certificate that %s', async (_, fromDay, toDay, problem) => {
  const notBefore = new Date(NOW + fromDay * DAY_MS);
  const notAfter = new Date(NOW + toDay * DAY_MS);
  expect(report(await issue('cache', { names, notBefore, notAfter })).problems).toEqual([problem]);
});

test('a certificate that names its host in CN only', async () => {
  const validity = { notBefore: new Date(NOW), notAfter: new Date(NOW + 300 * DAY_MS) };
  expect(report(await issue('cache', validity)).problems).toEqual([
    expect.stringContaining('subjectAltName'),
  ]);
});

test('a certificate beside the chain that issued none of it', async () => {
  const validity = { notBefore: new Date(NOW), notAfter: new Date(NOW + 300 * DAY_MS) };
  const { problems, chain } = report(
    await issue('cache', { names, ...validity }),
    await issue('stray', validity),
  );
  expect(problems).toEqual([expect.stringContaining('CN=stray')]);
  expect(chain).toEqual(['CN=cache']);
});

test('the chain is told from the certificate to its root', async () => {
  const { root, intermediate, leaf } = await issueChain();
  expect(report(leaf, root, intermediate).chain).toEqual([
    'CN=cache.example.com',
    'CN=intermediate',
    'CN=root',
  ]);
});
