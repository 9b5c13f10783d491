import { InvalidValueError } from './config-error.ts';

export interface PemBlock {
  /** What stands after BEGIN: `CERTIFICATE`, `RSA PRIVATE KEY`. */
  readonly label: string;
  /** The block as it was, from its BEGIN line to its END line. */
  readonly text: string;
}

/** The blocks of a PEM text in their order; what stands around them is commentary. */
export function pemBlocks(text: string): PemBlock[] {
  const blocks = text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----[^-]*(?:-(?!----END )[^-]*)*-----END \1-----/g);
  return [...blocks].map(([block, label = '']) => ({ label, text: block.replaceAll('\r', '') }));
}

/**
 * The text of a file that should be PEM.
 *
 * @throws {InvalidValueError} for DER and PKCS#12, with the command that converts them
 */
export function pemText(content: Buffer, path: string): string {
  // Both begin with an ASN.1 sequence whose length takes two bytes.
  if (content[0] === 0x30 && content[1] === 0x82) {
    throw new InvalidValueError(
      `expected PEM, but ${path} is binary: convert it with \`openssl x509 -inform der -in ${path}\`, a key with ` +
        '`openssl pkey -inform der`, or a .p12 file with `openssl pkcs12 -nodes`',
    );
  }
  return content.toString('utf8');
}

export function isCertificate({ label }: PemBlock): boolean {
  return label === 'CERTIFICATE' || label === 'X509 CERTIFICATE' || label === 'TRUSTED CERTIFICATE';
}

export function isPrivateKey({ label }: PemBlock): boolean {
  return label.endsWith('PRIVATE KEY');
}

export function isEncrypted({ label, text }: PemBlock): boolean {
  return label === 'ENCRYPTED PRIVATE KEY' || text.includes('Proc-Type: 4,ENCRYPTED');
}
