import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { isIP, type Socket } from 'node:net';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { faultsOf, type CertificateFault } from './certificate-faults.ts';
import { hostOf, type Deadline } from './endpoint.ts';
import { trustBesides } from './trust-anchors.ts';

/** The other end of a TLS connection, which need not be trusted: that is for the caller to look at. */
export interface TlsPeer {
  readonly socket: TLSSocket;
  /** `TLSv1.3` */
  readonly protocol: string;
  /** The server's own certificate first, then each one's issuer as far as it was sent or is known. */
  readonly chain: readonly X509Certificate[];
  readonly faults: readonly CertificateFault[];
}

export interface TlsOptions {
  /** Whose certificate is expected. */
  readonly url: URL;
  readonly cas: readonly string[];
  readonly deadline: Deadline;
}

/** The caller destroys the peer's socket. Rejects with what Node says of a handshake that was not completed. */
export async function startTls(transport: Socket, { url, cas, deadline }: TlsOptions): Promise<TlsPeer> {
  const host = hostOf(url);
  const socket = connect({
    socket: transport,
    host,
    // An address is no server name. @see RFC 6066, section 3
    servername: isIP(host) === 0 ? host : '',
    secureContext: trustBesides(cas),
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  });
  try {
    await once(socket, 'secureConnect', { signal: deadline.signal });
  } catch (err) {
    socket.on('error', () => {});
    socket.destroy();
    transport.destroy();
    throw err;
  }
  // Whoever uses the socket next listens for its errors; between two of them nobody does.
  socket.on('error', () => {});
  const chain = chainOf(socket.getPeerCertificate(true));
  const code = codeOf(socket.authorizationError);
  return {
    socket,
    protocol: socket.getProtocol() ?? 'TLS',
    chain,
    faults: faultsOf({ chain, host, cas, code, nowMs: Date.now() }),
  };
}

function codeOf(error: unknown): string | undefined {
  if (error === undefined || error === null) return undefined;
  // Documented as an Error; Node sets it to the code alone.
  if (typeof error === 'string') return error;
  return error instanceof Error ? error.message : 'unknown';
}

function chainOf(first: DetailedPeerCertificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  const seen = new Set<string>();
  for (
    let next: DetailedPeerCertificate | undefined = first;
    next?.raw !== undefined && !seen.has(next.fingerprint256);
    next = next.issuerCertificate
  ) {
    const certificate = new X509Certificate(next.raw);
    // OpenSSL takes a trusted authority for the issuer by its name alone, whatever its key.
    if (chain.at(-1)?.verify(certificate.publicKey) === false) break;
    seen.add(next.fingerprint256);
    chain.push(certificate);
  }
  return chain;
}
