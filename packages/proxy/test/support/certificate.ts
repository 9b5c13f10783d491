import type { TlsSettings } from '@registry-cache/config';
import { generate } from 'selfsigned';

/** A certificate for `localhost` that only whoever is given it trusts. */
export async function makeCertificate(organisation: string): Promise<TlsSettings> {
  const pems = await generate(
    [
      { name: 'commonName', value: 'localhost' },
      { name: 'organizationName', value: organisation },
    ],
    { keyType: 'ec', extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }] },
  );
  return { certificate: pems.cert, key: pems.private, source: 'test' };
}
