import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { isIP, type Socket } from 'node:net';
import { day, explainFaults } from '../../network/certificate-advice.ts';
import { distinguishedName } from '../../network/certificate-faults.ts';
import { authorityOf, hostOf, type Endpoint } from '../../network/endpoint.ts';
import { networkFailure } from '../../network/network-failure.ts';
import { findOutboundProxy } from '../../network/outbound-proxy.ts';
import { describeUrl } from '../../network/describe-url.ts';
import { reach } from '../../network/reach.ts';
import { startTls, type TlsPeer } from '../../network/tls-peer.ts';
import { findTrustAnchor, type TrustAnchor } from '../../network/trust-anchors.ts';
import { formatDuration } from '../../terminal/quantities.ts';
import { failed, ok, skipped, warning, type Step } from './step.ts';
import type { TargetContext } from './target.ts';

const MAX_SHOWN_ADDRESSES = 4;
const WRONG_CLOCK_MS = 5 * 60 * 1000;

/** @throws {NetworkFailure} */
export async function resolveName(
  endpoint: Endpoint,
  { outboundProxy, deadline }: TargetContext,
): Promise<Step> {
  const { url } = endpoint;
  const proxy = findOutboundProxy(url, outboundProxy);
  if (proxy !== undefined) return skipped('dns', `left to the outbound proxy ${describeUrl(proxy)}`);
  const host = hostOf(url);
  if (isIP(host) !== 0) return ok('dns', `${host} is an address`);
  try {
    const addresses = await Promise.race([lookup(host, { all: true }), untilAborted(deadline.signal)]);
    return ok('dns', listed(addresses.map(({ address }) => address)));
  } catch (err) {
    throw networkFailure(err, { stage: 'dns', url, endpoint, deadline });
  }
}

export interface Reached {
  readonly step: Step;
  /** The caller destroys it. */
  readonly socket: Socket;
}

/** @throws {NetworkFailure} */
export async function reachPort(
  endpoint: Endpoint,
  { outboundProxy, deadline }: TargetContext,
): Promise<Reached> {
  const { url } = endpoint;
  const proxy = findOutboundProxy(url, outboundProxy);
  const startedAt = performance.now();
  const socket = await reach({ url, endpoint, proxy, deadline });
  const took = formatDuration(performance.now() - startedAt);
  if (proxy === undefined)
    return {
      socket,
      step: ok('tcp', `${socket.remoteAddress ?? ''} port ${socket.remotePort ?? ''} in ${took}`),
    };
  const what = url.protocol === 'https:' ? `tunnel to ${authorityOf(url)}` : 'plain HTTP';
  return { socket, step: ok('tcp', `${what} by the outbound proxy ${describeUrl(proxy)} in ${took}`) };
}

/** What makes the other end's certificate trusted, and whose it is. */
export interface PeerTrust {
  readonly anchor: 'public' | 'configured' | 'none';
  /** The authority at the end of its chain: the one that is trusted, or the one that would have to be. */
  readonly authority: string;
}

export interface Secured {
  readonly step: Step;
  readonly peer: TlsPeer;
  readonly trust: PeerTrust;
}

/** Shakes hands whatever the certificate is, and says what is wrong with it. @throws {NetworkFailure} */
export async function secureConnection(
  socket: Socket,
  endpoint: Endpoint,
  { deadline }: TargetContext,
): Promise<Secured> {
  const { url, cas } = endpoint;
  let peer: TlsPeer;
  try {
    peer = await startTls(socket, { url, cas, deadline });
  } catch (err) {
    throw networkFailure(err, { stage: 'tls', url, endpoint, deadline });
  }
  const { chain, faults, protocol } = peer;
  if (faults.length > 0) {
    const { message, advice } = explainFaults(faults, { chain, url, endpoint });
    return { peer, trust: trustOf(peer, cas), step: failed('tls', message, advice) };
  }
  const trust = trustOf(peer, cas);
  const [leaf] = chain;
  const certificate = [
    `${protocol}: ${distinguishedName(leaf?.subject)}`,
    `issued by ${distinguishedName(leaf?.issuer)}`,
    `valid until ${leaf === undefined ? '' : day(new Date(leaf.validTo))}`,
    describeAnchor(findTrustAnchor(chain, cas), endpoint),
  ].join(', ');
  return { peer, trust, step: ok('tls', certificate) };
}

/** @param aheadMs how far this machine's clock is ahead of the server's; undefined where the server told no time */
export function clockStep(aheadMs: number | undefined, { url }: Endpoint): Step {
  if (aheadMs === undefined) return skipped('clock', `${hostOf(url)} told no time`);
  // Half a second is what a Date header leaves out.
  if (Math.abs(aheadMs) < 1000) return ok('clock', 'the same here and there');
  const apart = `this machine is ${formatDuration(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead of' : 'behind'} ${hostOf(url)}`;
  if (Math.abs(aheadMs) <= WRONG_CLOCK_MS) return ok('clock', apart);
  return warning(
    'clock',
    apart,
    `set the clock of this machine, or of ${hostOf(url)}: certificates and tokens are judged by it`,
  );
}

function trustOf({ chain, faults }: TlsPeer, cas: readonly string[]): PeerTrust {
  const last = chain.at(-1);
  const untrusted = faults.some(({ kind }) => kind === 'self-signed' || kind === 'missing-ca');
  return {
    anchor: untrusted ? 'none' : (findTrustAnchor(chain, cas) ?? 'configured'),
    authority: distinguishedName(last?.issuer),
  };
}

function describeAnchor(anchor: TrustAnchor | undefined, { casSetting }: Endpoint): string {
  if (anchor === 'public') return 'publicly trusted';
  // Besides its own authorities and those of the configuration, Node trusts those of this variable.
  return `trusted by ${anchor === undefined ? 'NODE_EXTRA_CA_CERTS' : casSetting}`;
}

function listed(addresses: readonly string[]): string {
  const shown = addresses.slice(0, MAX_SHOWN_ADDRESSES).join(', ');
  const hidden = addresses.length - MAX_SHOWN_ADDRESSES;
  return hidden > 0 ? `${shown} and ${hidden} more` : shown;
}

/** The resolver cannot be told to stop. */
async function untilAborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort');
  throw signal.reason;
}
