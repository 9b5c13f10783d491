import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { parseCertificates, parseTls } from '../src/certificate.ts';
import { pemText } from '../src/pem.ts';
import { issue, issueChain } from './support/certificates.ts';

const { root, intermediate, leaf } = await issueChain();

describe('one file with certificate, intermediates and key', () => {
  test.each([
    ['key first', [leaf.key, leaf.cert, intermediate.cert, root.cert]],
    ['key last', [leaf.cert, intermediate.cert, root.cert, leaf.key]],
    ['root first', [root.cert, intermediate.cert, leaf.key, leaf.cert]],
    [
      'text around the blocks',
      ['Bag Attributes: x\n', root.cert, '# key\n', leaf.key, leaf.cert, intermediate.cert],
    ],
    ['a certificate twice', [intermediate.cert, leaf.cert, root.cert, leaf.cert, leaf.key]],
    ['parameters of the curve', [curveParameters(), leaf.key, root.cert, leaf.cert, intermediate.cert]],
  ])('%s', (_, parts) => {
    const tls = parseTls(parts.join(''), 'certs.pem');
    expect(subjectsOf(tls.certificate)).toEqual(['CN=cache.example.com', 'CN=intermediate', 'CN=root']);
    expect(() => createSecureContext({ cert: tls.certificate, key: tls.key })).not.toThrow();
  });

  test('Windows line ends', () => {
    const tls = parseTls(`${leaf.key}${leaf.cert}`.replaceAll('\n', '\r\n'), 'certs.pem');
    expect(() => createSecureContext({ cert: tls.certificate, key: tls.key })).not.toThrow();
  });

  test('of two certificates of the key, the one that is valid for longer comes first', async () => {
    const old = await issue('old', { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') });
    const renewed = await issue('renewed', { key: old.key });
    const tls = parseTls([old.cert, renewed.cert, old.key].join(''), 'certs.pem');
    expect(subjectsOf(tls.certificate)[0]).toBe('CN=renewed');
  });

  test('what does not belong to the chain comes last', async () => {
    const stray = await issue('stray');
    const tls = parseTls([stray.cert, intermediate.cert, leaf.cert, leaf.key].join(''), 'certs.pem');
    expect(subjectsOf(tls.certificate)).toEqual(['CN=cache.example.com', 'CN=intermediate', 'CN=stray']);
  });
});

describe('what is refused, and why', () => {
  test('no key', () => {
    expect(() => parseTls(leaf.cert, 'x')).toThrow('expected a private key');
  });

  test('no certificate', () => {
    expect(() => parseTls(leaf.key, 'x')).toThrow('expected a certificate');
  });

  test('the key of another certificate', () => {
    expect(() => parseTls(leaf.cert + root.key, 'x')).toThrow(
      'the private key belongs to another certificate than CN=cache.example.com',
    );
  });

  test('an encrypted key', () => {
    const key = createPrivateKey(leaf.key);
    const pkcs8 = key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' });
    const sec1 = key.export({ type: 'sec1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' });
    for (const encrypted of [pkcs8, sec1]) {
      expect(() => parseTls(leaf.cert + String(encrypted), 'x')).toThrow('without a passphrase');
    }
  });

  test('a damaged key or certificate', () => {
    expect(() => parseTls(leaf.cert + damage(leaf.key), 'x')).toThrow('the private key is damaged');
    expect(() => parseTls(leaf.cert + damage(root.cert) + leaf.key, 'x')).toThrow('number 2 is damaged');
  });

  test('DER instead of PEM', () => {
    expect(() => pemText(new X509Certificate(leaf.cert).raw, 'cert.der')).toThrow('openssl x509 -inform der');
  });
});

function subjectsOf(pem: string): string[] {
  return parseCertificates(pem).map(({ subject }) => subject);
}

function damage(pem: string): string {
  const lines = pem.split('\n');
  return [lines[0], 'AAAA', ...lines.slice(2)].join('\n');
}

function curveParameters(): string {
  return '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
}
