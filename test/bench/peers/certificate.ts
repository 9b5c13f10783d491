import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../run/programs.ts';

/** Paths of PEM files. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
  readonly both: string;
}

/** A self-signed certificate with a key on P-256, of the same kind for every peer. */
export async function createCertificate(directory: string): Promise<CertificateFiles> {
  const certificate = join(directory, 'certificate.pem');
  const key = join(directory, 'key.pem');
  const both = join(directory, 'certificate-and-key.pem');
  const request = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '7',
  ];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  await runProgram('openssl', [...request, ...subject, '-keyout', key, '-out', certificate]);
  await writeFile(both, (await readFile(certificate, 'utf8')) + (await readFile(key, 'utf8')), {
    mode: 0o600,
  });
  return { certificate, key, both };
}
