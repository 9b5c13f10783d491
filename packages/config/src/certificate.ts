import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { InvalidValueError } from './config-error.ts';
import { isCertificate, isEncrypted, isPrivateKey, pemBlocks, type PemBlock } from './pem.ts';
import type { TlsSettings } from './settings.ts';

/**
 * Makes what a TLS server needs out of PEM text that holds certificate, intermediates and key in any order: the certificate of
 * the key first, then each one's issuer, then what does not belong to the chain.
 *
 * @throws {InvalidValueError} when anything of it is missing, unreadable or does not fit together
 */
export function parseTls(pem: string, source: string): TlsSettings {
  const blocks = pemBlocks(pem);
  const key = parseKey(blocks.filter(isPrivateKey));
  const certificates = parseCertificates(pem);
  // One that was renewed with the same key may stand beside the one that it replaces.
  const [leaf] = certificates
    .filter((certificate) => certificate.checkPrivateKey(key.key))
    .toSorted((a, b) => Date.parse(b.validTo) - Date.parse(a.validTo));
  if (leaf === undefined) {
    throw new InvalidValueError(
      `the private key belongs to another certificate than ${oneLine(certificates[0]?.subject)}`,
    );
  }
  const chain = orderChain(leaf, certificates);
  const rest = certificates.filter((certificate) => !chain.includes(certificate));
  return {
    certificate: [...chain, ...rest].map((certificate) => certificate.toString()).join(''),
    key: `${key.block.text}\n`,
    source,
  };
}

/** @throws {InvalidValueError} when there is none, or one that is none */
export function parseCertificates(pem: string): X509Certificate[] {
  const blocks = pemBlocks(pem).filter(isCertificate);
  if (blocks.length === 0) throw new InvalidValueError('expected a certificate in PEM form, found none');
  const certificates = new Map<string, X509Certificate>();
  for (const [index, block] of blocks.entries()) {
    const certificate = parseCertificate(block, index);
    certificates.set(certificate.fingerprint256, certificate);
  }
  return [...certificates.values()];
}

/** From `leaf` to the last certificate whose issuer is at hand. */
export function orderChain(
  leaf: X509Certificate,
  certificates: readonly X509Certificate[],
): X509Certificate[] {
  const chain = [leaf];
  let last = leaf;
  for (;;) {
    const issuer = certificates.find(
      (candidate) => !chain.includes(candidate) && isIssuedBy(last, candidate),
    );
    if (issuer === undefined) return chain;
    chain.push(issuer);
    last = issuer;
  }
}

/** A subject or issuer, which comes with an attribute on each line. */
export function oneLine(name: string | undefined): string {
  return (name ?? '').split('\n').join(', ') || '(no name)';
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function parseCertificate(block: PemBlock, index: number): X509Certificate {
  try {
    return new X509Certificate(block.text);
  } catch {
    throw new InvalidValueError(`certificate number ${index + 1} is damaged`);
  }
}

function parseKey(blocks: readonly PemBlock[]): { readonly block: PemBlock; readonly key: KeyObject } {
  const [block] = blocks;
  if (block === undefined) {
    throw new InvalidValueError('expected a private key in PEM form beside the certificate, found none');
  }
  if (isEncrypted(block)) {
    throw new InvalidValueError(
      'the private key is encrypted: store it without a passphrase, as `openssl pkey -in KEY` prints it',
    );
  }
  try {
    return { block, key: createPrivateKey(block.text) };
  } catch {
    throw new InvalidValueError('the private key is damaged');
  }
}
