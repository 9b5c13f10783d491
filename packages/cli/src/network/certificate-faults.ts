import { cleanText } from '@registry-cache/oci';
import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { certificatesOf, findTrustAnchor } from './trust-anchors.ts';

/** What is wrong with a certificate; a single one may have several faults. */
export type CertificateFault =
  | { readonly kind: 'expired'; readonly subject: string; readonly notAfter: Date }
  | { readonly kind: 'not-yet-valid'; readonly subject: string; readonly notBefore: Date }
  | { readonly kind: 'wrong-name'; readonly host: string; readonly names: readonly string[] }
  /** It is its own issuer. */
  | { readonly kind: 'self-signed'; readonly subject: string }
  | MissingAuthority
  | { readonly kind: 'refused'; readonly code: string };

export interface MissingAuthority {
  readonly kind: 'missing-ca';
  /** Of the certificate whose issuer is neither sent nor trusted. */
  readonly subject: string;
  /** The authority that is missing. */
  readonly issuer: string;
  /** The server sent it, and nothing makes it trusted. */
  readonly isSent: boolean;
  /** The server sent nothing but its own certificate, so an intermediate may be what is missing. */
  readonly isAlone: boolean;
  /** An authority of the same name is trusted, and has another key. */
  readonly hasNamesake: boolean;
}

export interface JudgedCertificate {
  /** The server's own certificate first, then each one's issuer as far as it is known. */
  readonly chain: readonly X509Certificate[];
  readonly host: string;
  readonly cas: readonly string[];
  /** OpenSSL's verdict; undefined where it found nothing wrong. */
  readonly code: string | undefined;
  readonly nowMs: number;
}

const TRUST_CODES: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'CERT_CHAIN_TOO_LONG',
]);
const DATE_CODES: ReadonlySet<string> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

/** Every fault at once: OpenSSL names only one, and whoever mends that would find the next one after it. */
export function faultsOf(judged: JudgedCertificate): CertificateFault[] {
  const { chain, host, cas, code, nowMs } = judged;
  // A server may send more than is needed, such as a root that expired: what was verified went another way.
  if (code === undefined) return [];
  const [leaf] = chain;
  if (leaf === undefined) return [{ kind: 'refused', code: 'the server sent no certificate' }];
  const faults: CertificateFault[] = chain.flatMap((certificate) => validityFaults(certificate, nowMs));
  if (checkServerIdentity(host, leaf.toLegacyObject()) !== undefined)
    faults.push({ kind: 'wrong-name', host, names: namesOf(leaf) });
  // A verdict on the dates hides one on the issuer; names are looked at last.
  const isUntrusted =
    TRUST_CODES.has(code) || (DATE_CODES.has(code) && findTrustAnchor(chain, cas) === undefined);
  if (isUntrusted) faults.push(trustFault(chain, leaf, cas));
  return faults.length > 0 ? faults : [{ kind: 'refused', code }];
}

/** A subject or issuer, which comes with an attribute on each line. */
export function distinguishedName(name: string | undefined): string {
  return cleanText((name ?? '').split('\n').join(', ')) || '(no name)';
}

/** Host names and addresses that a certificate is for. */
export function namesOf(certificate: X509Certificate): string[] {
  const entries = certificate.subjectAltName?.split(', ') ?? [];
  return entries
    .filter((entry) => /^(?:DNS|IP Address):/.test(entry))
    .map((entry) => cleanText(entry.slice(entry.indexOf(':') + 1)));
}

export function coversHost(certificate: X509Certificate, host: string): boolean {
  // Clients written in Go take no host name from the subject.
  const covered =
    isIP(host) === 0 ? certificate.checkHost(host, { subject: 'never' }) : certificate.checkIP(host);
  return covered !== undefined;
}

function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey);
}

function validityFaults(certificate: X509Certificate, nowMs: number): CertificateFault[] {
  const subject = distinguishedName(certificate.subject);
  const notBefore = new Date(certificate.validFrom);
  const notAfter = new Date(certificate.validTo);
  if (nowMs > notAfter.getTime()) return [{ kind: 'expired', subject, notAfter }];
  return nowMs < notBefore.getTime() ? [{ kind: 'not-yet-valid', subject, notBefore }] : [];
}

function trustFault(
  chain: readonly X509Certificate[],
  leaf: X509Certificate,
  cas: readonly string[],
): CertificateFault {
  const last = chain.at(-1) ?? leaf;
  const isSent = isSelfSigned(last);
  if (isSent && last === leaf) return { kind: 'self-signed', subject: distinguishedName(leaf.subject) };
  return {
    kind: 'missing-ca',
    subject: distinguishedName((isSent ? chain.at(-2) : last)?.subject),
    issuer: distinguishedName(last.issuer),
    isSent,
    isAlone: chain.length === 1,
    hasNamesake: certificatesOf(cas).some(({ subject }) => subject === last.issuer),
  };
}
