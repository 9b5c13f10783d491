import type { X509Certificate } from 'node:crypto';
import { oneLine, orderChain, parseCertificates } from './certificate.ts';
import type { TlsSettings } from './settings.ts';

/** What clients will see of a certificate, and what they will not like about it. */
export interface CertificateReport {
  readonly source: string;
  readonly subject: string;
  readonly issuer: string;
  /** Host names and IP addresses it is for. */
  readonly names: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Subjects of what is sent to clients: the certificate first, then each one's issuer. */
  readonly chain: readonly string[];
  /** Each says what is wrong and what to do. None of them keeps the cache from starting. */
  readonly problems: readonly string[];
}

const DAY_MS = 24 * 60 * 60 * 1000;
const EXPIRES_SOON_MS = 14 * DAY_MS;

/** @param nowMs the time to judge the validity by */
export function describeCertificate(tls: TlsSettings, nowMs: number = Date.now()): CertificateReport {
  const certificates = parseCertificates(tls.certificate);
  const [leaf] = certificates;
  if (leaf === undefined) throw new TypeError('parsed settings hold a certificate');
  const chain = orderChain(leaf, certificates);
  const names = namesOf(leaf);
  return {
    source: tls.source,
    subject: oneLine(leaf.subject),
    issuer: oneLine(leaf.issuer),
    names,
    notBefore: new Date(leaf.validFrom),
    notAfter: new Date(leaf.validTo),
    chain: chain.map(({ subject }) => oneLine(subject)),
    problems: [
      ...chain.flatMap((certificate) => validityProblems(certificate, nowMs)),
      ...(names.length > 0 ? [] : [NO_NAMES]),
      ...certificates.filter((certificate) => !chain.includes(certificate)).map(strayProblem),
    ],
  };
}

// Go gave up host names in CN with 1.15, and nearly every container client is written in Go.
const NO_NAMES =
  'it names no host in subjectAltName, so clients refuse it: make one with `-addext subjectAltName=DNS:<host>`';

function validityProblems(certificate: X509Certificate, nowMs: number): string[] {
  const subject = oneLine(certificate.subject);
  const notBeforeMs = Date.parse(certificate.validFrom);
  const notAfterMs = Date.parse(certificate.validTo);
  if (nowMs >= notAfterMs) return [`${subject} expired on ${day(notAfterMs)}: clients refuse it, renew it`];
  if (nowMs < notBeforeMs) {
    return [`${subject} is not valid before ${day(notBeforeMs)}: check the clock, or wait`];
  }
  if (notAfterMs - nowMs < EXPIRES_SOON_MS) return [`${subject} expires on ${day(notAfterMs)}: renew it`];
  return [];
}

function strayProblem(certificate: X509Certificate): string {
  return `${oneLine(certificate.subject)} did not issue any certificate of the chain: leave it out, or add what is between`;
}

function day(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

/** `DNS:localhost, IP Address:127.0.0.1` without the kinds. */
function namesOf(certificate: X509Certificate): string[] {
  const entries = certificate.subjectAltName?.split(', ') ?? [];
  return entries
    .filter((entry) => /^(?:DNS|IP Address):/.test(entry))
    .map((entry) => entry.slice(entry.indexOf(':') + 1));
}
