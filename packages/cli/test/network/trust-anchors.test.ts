import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { expect, test } from 'vitest';
import { issue } from '../../../config/test/support/certificates.ts';
import { certificatesOf, findTrustAnchor } from '../../src/network/trust-anchors.ts';

const [publicRoot = ''] = rootCertificates;

test('a chain that ends at an authority of Node is publicly trusted, whatever else is configured', () => {
  const chain = [new X509Certificate(publicRoot)];
  expect(findTrustAnchor(chain, [])).toBe('public');
  expect(findTrustAnchor(chain, [publicRoot])).toBe('public');
});

test('a chain that ends at a configured authority is trusted by that', async () => {
  const ca = await issue('Test CA', { isCa: true });
  const chain = [new X509Certificate(ca.cert)];
  expect(findTrustAnchor(chain, [`# of the test\n${ca.cert.replaceAll('\n', '\r\n')}`])).toBe('configured');
  expect(findTrustAnchor(chain, [])).toBeUndefined();
});

test('a file of authorities may hold several, and comments', async () => {
  const [one, other] = await Promise.all([issue('One', { isCa: true }), issue('Other', { isCa: true })]);
  const found = certificatesOf([`one\n${one.cert}other\n${other.cert}`, 'nothing']);
  expect(found.map(({ subject }) => subject)).toEqual(['CN=One', 'CN=Other']);
});
