import type { TlsSettings } from '@registry-cache/config';
import type { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { distinguishedName } from '../../network/certificate-faults.ts';
import { certificatesOf } from '../../network/trust-anchors.ts';
import type { PeerTrust } from './connection-steps.ts';

/**
 * What clients will think of the certificate that the cache is configured with, whether it runs or not. The chain of loaded settings
 * is in order, with what does not belong to it at the end.
 */
export function trustOfConfigured({ certificate }: Pick<TlsSettings, 'certificate'>): PeerTrust | undefined {
  const [leaf, ...others] = certificatesOf([certificate]);
  if (leaf === undefined) return undefined;
  let last = leaf;
  for (const next of others) if (isIssuedBy(last, next)) last = next;
  const isPublic = certificatesOf(rootCertificates).some((root) => isIssuedBy(last, root));
  return { anchor: isPublic ? 'public' : 'none', authority: distinguishedName(last.issuer) };
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
