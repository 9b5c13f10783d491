import { generate } from 'selfsigned';

/** PEM texts. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateAuthority extends KeyPair {
  /** A server certificate for the loopback names, unless told otherwise. */
  issue(options?: ServerCertificateOptions): Promise<KeyPair>;
}

export interface ServerCertificateOptions {
  /** DNS names and IPv4 addresses; the first is the common name. */
  readonly names?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '127.0.0.2'];

export async function createCertificateAuthority(
  name = 'registry-cache test CA',
): Promise<CertificateAuthority> {
  const { cert: certificate, private: key } = await generate([{ name: 'commonName', value: name }], {
    ...validity(-DAY_MS, 30 * DAY_MS),
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return {
    certificate,
    key,
    issue: (options = {}) => issueServerCertificate({ certificate, key }, options),
  };
}

/** A certificate whose last day was yesterday. */
export function expired(): ServerCertificateOptions {
  const { notBeforeDate: notBefore, notAfterDate: notAfter } = validity(-30 * DAY_MS, -DAY_MS);
  return { notBefore, notAfter };
}

async function issueServerCertificate(ca: KeyPair, options: ServerCertificateOptions): Promise<KeyPair> {
  const names = options.names ?? LOOPBACK_NAMES;
  const { notBeforeDate, notAfterDate } = validity(-DAY_MS, 7 * DAY_MS);
  const { cert: certificate, private: key } = await generate(
    [{ name: 'commonName', value: names[0] ?? 'localhost' }],
    {
      notBeforeDate: options.notBefore ?? notBeforeDate,
      notAfterDate: options.notAfter ?? notAfterDate,
      keyType: 'ec',
      algorithm: 'sha256',
      ca: { key: ca.key, cert: ca.certificate },
      extensions: [
        { name: 'basicConstraints', cA: false },
        { name: 'keyUsage', digitalSignature: true },
        { name: 'extKeyUsage', serverAuth: true },
        { name: 'subjectAltName', altNames: names.map(alternativeName) },
      ],
    },
  );
  return { certificate, key };
}

function alternativeName(name: string): { type: 7; ip: string } | { type: 2; value: string } {
  return /^[\d.]+$/.test(name) ? { type: 7, ip: name } : { type: 2, value: name };
}

function validity(fromMs: number, toMs: number): { notBeforeDate: Date; notAfterDate: Date } {
  return { notBeforeDate: new Date(Date.now() + fromMs), notAfterDate: new Date(Date.now() + toMs) };
}
