import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { parseTls } from './certificate.ts';
import { InvalidValueError } from './config-error.ts';
import type { TlsSettings } from './settings.ts';
import { isPresent, isSystemError, readTextFile } from './text-file.ts';

/** `TlsSettings.source` of a certificate that the cache has made for itself. */
export const SELF_SIGNED_SOURCE = 'self-signed';

// Kinds of subjectAltName. @see RFC 5280, GeneralName
const SAN_DNS = 2;
const SAN_IP = 7;

const DAY_MS = 24 * 60 * 60 * 1000;
// Apple's clients refuse certificates of more than 825 days.
const VALIDITY_MS = 820 * DAY_MS;
const RENEW_BEFORE_MS = 30 * DAY_MS;
// A client whose clock is behind sees the certificate begin in its future.
const CLOCK_SKEW_MS = DAY_MS;

export interface SelfSignedOptions {
  /** A folder of this cache's own, made if need be. */
  readonly directory: string;
  readonly nowMs: number;
}

/**
 * The certificate this cache made for itself, or a new one where there is none or it is about to expire. It stays the same as
 * long as it can, because clients were told to trust it: `certificate.pem` in the folder is what they need.
 *
 * @throws {InvalidValueError} when the folder cannot be written
 */
export async function loadSelfSigned(options: SelfSignedOptions): Promise<TlsSettings> {
  const { directory, nowMs } = options;
  const existing = await findUsable(pairPath(directory), nowMs);
  if (existing !== undefined) return existing;
  const { certificate, key } = await generate(nowMs);
  try {
    await mkdir(directory, { recursive: true });
    // Key and certificate are one file, so that no crash leaves a key beside the certificate of another.
    await writeInPlace(pairPath(directory), `${key}\n${certificate}\n`, 0o600);
    await writeInPlace(join(directory, 'certificate.pem'), `${certificate}\n`, 0o644);
  } catch (err) {
    if (!isSystemError(err)) throw err;
    throw new InvalidValueError(
      `cannot keep a self-signed certificate in ${directory} (${err.code ?? err.message}): ` +
        'make the folder writable, or give a certificate by http.tls',
    );
  }
  return parseTls(`${key}\n${certificate}\n`, SELF_SIGNED_SOURCE);
}

function pairPath(directory: string): string {
  return join(directory, 'self-signed.pem');
}

/** A file that is there but of no use is replaced: nobody but this cache writes it. */
async function findUsable(path: string, nowMs: number): Promise<TlsSettings | undefined> {
  if (!(await isPresent(path))) return undefined;
  try {
    const tls = parseTls(await readTextFile(path), SELF_SIGNED_SOURCE);
    const { validTo } = new X509Certificate(tls.certificate);
    return Date.parse(validTo) - nowMs > RENEW_BEFORE_MS ? tls : undefined;
  } catch (err) {
    if (err instanceof InvalidValueError) return undefined;
    throw err;
  }
}

async function generate(nowMs: number): Promise<{ certificate: string; key: string }> {
  // Only the first start of a cache without a certificate needs it, and it is large.
  const { generate: generateCertificate } = await import('selfsigned');
  const host = hostname();
  const { cert, private: key } = await generateCertificate([{ name: 'commonName', value: host }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(nowMs - CLOCK_SKEW_MS),
    notAfterDate: new Date(nowMs - CLOCK_SKEW_MS + VALIDITY_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: SAN_DNS, value: host },
          { type: SAN_DNS, value: 'localhost' },
          { type: SAN_IP, ip: '127.0.0.1' },
          { type: SAN_IP, ip: '::1' },
        ],
      },
    ],
  });
  return { certificate: cert.trim(), key: key.trim() };
}

async function writeInPlace(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, text, { mode });
  // An older file of that name keeps its own mode when it is written to.
  await chmod(temporary, mode);
  await rename(temporary, path);
}
