import type { Settings } from '@registry-cache/config';
import type { Socket } from 'node:net';
import { day } from '../../network/certificate-advice.ts';
import {
  coversHost,
  distinguishedName,
  namesOf,
  type CertificateFault,
} from '../../network/certificate-faults.ts';
import { authorityOf, type Deadline, type Endpoint, hostOf } from '../../network/endpoint.ts';
import { exchange } from '../../network/http-client.ts';
import { NetworkFailure, networkFailure } from '../../network/network-failure.ts';
import { describeUrl } from '../../network/describe-url.ts';
import { reach } from '../../network/reach.ts';
import { startTls, type TlsPeer } from '../../network/tls-peer.ts';
import { findTrustAnchor } from '../../network/trust-anchors.ts';
import { trustOfConfigured } from './configured-trust.ts';
import type { PeerTrust } from './connection-steps.ts';
import type { Diagnosis } from './diagnosis.ts';
import { judgePing } from './ping-step.ts';
import { failed, ok, skipped, type Step, warning } from './step.ts';

/**
 * Looks at the cache itself as a client would, at `http.host` where it is set and at the address that it listens on otherwise.
 * One that is not running is no failure.
 */
export async function diagnoseCache(http: Settings['http'], deadline: Deadline): Promise<Diagnosis> {
  const startedAt = performance.now();
  const steps: Step[] = [];
  let trust: PeerTrust | undefined;
  const { url, step, socket } = await findRunningCache(http, deadline);
  steps.push(step);
  if (socket !== undefined) {
    try {
      trust = await lookAt(socket, { url, http, deadline, steps });
    } catch (err) {
      if (!(err instanceof NetworkFailure)) throw err;
      steps.push(failed(err.stage === 'tls' ? 'tls' : 'ping', err.message, err.advice));
    }
  }
  trust ??= http.tls === undefined ? undefined : trustOfConfigured(http.tls);
  return {
    kind: 'cache',
    url: describeUrl(url),
    steps,
    ...(trust === undefined ? {} : { trust }),
    durationMs: Math.round(performance.now() - startedAt),
  };
}

interface RunningCache {
  readonly url: URL;
  readonly step: Step;
  /** Undefined where it does not run. The caller destroys it. */
  readonly socket: Socket | undefined;
}

async function findRunningCache(http: Settings['http'], deadline: Deadline): Promise<RunningCache> {
  const local = localUrl(http);
  const external = http.externalUrl === undefined ? undefined : new URL(http.externalUrl);
  const atLocal = await tryReach(local, deadline);
  if (external === undefined) {
    if (atLocal instanceof NetworkFailure)
      return { url: local, step: notRunning([local]), socket: undefined };
    return { url: local, step: ok('listen', `runs at ${authorityOf(local)}`), socket: atLocal };
  }
  const atExternal = await tryReach(external, deadline);
  if (!(atExternal instanceof NetworkFailure)) {
    if (!(atLocal instanceof NetworkFailure)) atLocal.destroy();
    return {
      url: external,
      step: ok('listen', `answers at ${authorityOf(external)} (http.host)`),
      socket: atExternal,
    };
  }
  if (atLocal instanceof NetworkFailure)
    return { url: external, step: notRunning([external, local]), socket: undefined };
  const step = warning(
    'listen',
    `runs at ${authorityOf(local)}, but not under http.host: ${atExternal.message}`,
    `check http.host, the name in DNS, and what forwards ${authorityOf(external)} to this cache, unless only clients can reach it`,
  );
  // Its certificate must be for the external name, wherever it is looked at.
  return { url: external, step, socket: atLocal };
}

function notRunning(urls: readonly URL[]): Step {
  return skipped('listen', `not running: nothing answers at ${urls.map(authorityOf).join(' or ')}`);
}

function localUrl({ host, port, tls }: Settings['http']): URL {
  const loopback = host === '' || host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const bracketed = loopback.includes(':') ? `[${loopback}]` : loopback;
  return new URL(`${tls === undefined ? 'http' : 'https'}://${bracketed}:${port}`);
}

async function tryReach(url: URL, deadline: Deadline): Promise<Socket | NetworkFailure> {
  try {
    return await reach({ url, endpoint: endpointOf(url), proxy: undefined, deadline });
  } catch (err) {
    if (err instanceof NetworkFailure) return err;
    throw err;
  }
}

function endpointOf(url: URL): Endpoint {
  return { url, cas: [], urlSetting: 'http.host', casSetting: 'the certificates that clients trust' };
}

interface LookOptions {
  readonly url: URL;
  readonly http: Settings['http'];
  readonly deadline: Deadline;
  readonly steps: Step[];
}

async function lookAt(
  first: Socket,
  { url, http, deadline, steps }: LookOptions,
): Promise<PeerTrust | undefined> {
  const endpoint = endpointOf(url);
  let socket = first;
  let trust: PeerTrust | undefined;
  if (url.protocol === 'https:' || http.tls !== undefined) {
    const peer = await startTls(first, { url, cas: [], deadline }).catch((err: unknown) => {
      throw networkFailure(err, { stage: 'tls', url, endpoint, deadline });
    });
    socket = peer.socket;
    trust = trustOf(peer);
    steps.push(judgeCertificate(peer, http.externalUrl === undefined ? undefined : hostOf(url), trust));
  } else {
    steps.push(
      warning(
        'tls',
        'plain HTTP',
        'clients refuse a registry without TLS unless it is listed as insecure: set http.tls',
      ),
    );
  }
  const ping = { method: 'GET', url: new URL('/v2/', url) } as const;
  const answer = await exchange(socket, ping, { endpoint, deadline, plainProxy: undefined });
  steps.push(judgePing(answer, endpoint).step);
  return trust;
}

/** What this machine trusts besides, its clients may not. */
function trustOf({ chain }: TlsPeer): PeerTrust {
  const anchor = findTrustAnchor(chain, []) ?? 'none';
  return { anchor, authority: distinguishedName(chain.at(-1)?.issuer) };
}

/** @param host what clients ask for; undefined where that is not known */
function judgeCertificate(
  { chain, faults, protocol }: TlsPeer,
  host: string | undefined,
  trust: PeerTrust,
): Step {
  const [leaf] = chain;
  if (leaf === undefined) return failed('tls', 'no certificate was sent', 'check http.tls.certificate');
  const subject = distinguishedName(leaf.subject);
  const names = namesOf(leaf).join(', ') || 'no host at all';
  const invalid = faults.find(({ kind }) => kind === 'expired' || kind === 'not-yet-valid');
  if (invalid !== undefined) return failed('tls', validity(invalid), 'renew http.tls.certificate');
  const uncovered = host === undefined ? namesOf(leaf).length === 0 : !coversHost(leaf, host);
  if (uncovered) {
    const asked = host ?? 'any host';
    return failed(
      'tls',
      `${subject} is for ${names}, not for ${asked}`,
      `clients refuse the certificate of this cache: have one made that names ${host ?? 'the host that they ask for'}, and set http.tls.certificate`,
    );
  }
  const facts = [
    `${protocol}: ${subject}`,
    `for ${names}`,
    `valid until ${day(new Date(leaf.validTo))}`,
    `chain ${chain.map((each) => distinguishedName(each.subject)).join(' <- ')}`,
  ].join(', ');
  if (trust.anchor === 'public') return ok('tls', `${facts}, publicly trusted`);
  if (leaf.subject === leaf.issuer) return warning('tls', `${facts}, self-signed`);
  return warning(
    'tls',
    `${facts}, of ${trust.authority}, which is not publicly trusted`,
    adviseOnChain(faults.find(({ kind }) => kind === 'missing-ca')),
  );
}

function validity(fault: CertificateFault): string {
  switch (fault.kind) {
    case 'expired':
      return `${fault.subject} expired on ${day(fault.notAfter)}`;
    case 'not-yet-valid':
      return `${fault.subject} is not valid before ${day(fault.notBefore)}`;
    default:
      return fault.kind;
  }
}

/** A chain that ends early looks the same as one of a private authority. */
function adviseOnChain(fault: CertificateFault | undefined): string | undefined {
  if (fault?.kind !== 'missing-ca' || fault.isSent || !fault.isAlone) return undefined;
  return `this cache sends its own certificate only: if ${fault.issuer} is an intermediate authority, append its certificate to http.tls.certificate`;
}
