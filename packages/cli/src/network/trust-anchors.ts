import { X509Certificate } from 'node:crypto';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';

/**
 * A TLS context that trusts `cas` besides everything that Node trusts, as the workers' contexts do. The option `ca` would
 * replace Node's roots.
 */
export function trustBesides(cas: readonly string[]): SecureContext {
  const context = createSecureContext();
  const roots: { addCACert(pem: string): void } = context.context;
  for (const pem of cas) roots.addCACert(pem);
  return context;
}

/** The certificates of PEM texts that may hold several each. */
export function certificatesOf(pems: readonly string[]): X509Certificate[] {
  return pems.flatMap((pem) =>
    [
      ...pem.matchAll(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]+-----END (?:TRUSTED )?CERTIFICATE-----/g),
    ].map(([text]) => new X509Certificate(text)),
  );
}

/** What makes a certificate trusted: a public authority, which everybody trusts, or one that this cache was told of. */
export type TrustAnchor = 'public' | 'configured';

export function findTrustAnchor(
  chain: readonly X509Certificate[],
  cas: readonly string[],
): TrustAnchor | undefined {
  const isAmong = (pems: ReadonlySet<string>): boolean =>
    chain.some((certificate) => pems.has(fingerprintOf(certificate.toString())));
  if (isAmong(new Set(rootCertificates.map(fingerprintOf)))) return 'public';
  const configured = certificatesOf(cas).map((certificate) => fingerprintOf(certificate.toString()));
  return isAmong(new Set(configured)) ? 'configured' : undefined;
}

/** PEM texts differ in their line ends. */
function fingerprintOf(pem: string): string {
  return pem.replaceAll(/\s+/g, '');
}
