import { createSecureContext, type SecureContext } from 'node:tls';

/**
 * A TLS context that trusts `cas` besides everything that Node trusts, or undefined where there is nothing to add.
 *
 * The option `ca` would replace Node's roots and have all of them parsed again for each connection (30 ms). A context starts out
 * with Node's roots, and takes more. On Node 20 it leaves out those of NODE_EXTRA_CA_CERTS then: they are among `cas`.
 */
export function trustBesides(cas: readonly string[]): SecureContext | undefined {
  if (cas.length === 0) return undefined;
  const context = createSecureContext();
  const roots: { addCACert(pem: string): void } = context.context;
  for (const pem of cas) roots.addCACert(pem);
  return context;
}
