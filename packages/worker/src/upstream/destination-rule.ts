import type { UpstreamSettings } from '@registry-cache/config';
import { lookup as systemLookup } from 'node:dns';
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net';
import { describeUrl } from './describe-url.ts';
import { UpstreamError } from './upstream-error.ts';

/**
 * Where an upstream may send us by a redirect or a challenge: not to this machine, its link, or its cloud's metadata,
 * where a request counts as ours. An upstream that is written with such an address itself may. Private networks are
 * allowed: registries keep their blobs there.
 */
export interface DestinationRule {
  /** @throws {UpstreamError} `invalid` for an address, or a name of this machine, that an upstream may not send us to */
  check(url: URL): void;
  /** Resolves names for connections, and refuses the same addresses: what counts is where the connection really goes. */
  readonly lookup: LookupFunction;
}

export type DestinationRuleSettings = Pick<UpstreamSettings, 'name' | 'url' | 'tokenHosts'>;

const LOCAL_ADDRESSES = new BlockList();
LOCAL_ADDRESSES.addSubnet('0.0.0.0', 8, 'ipv4');
LOCAL_ADDRESSES.addSubnet('127.0.0.0', 8, 'ipv4');
LOCAL_ADDRESSES.addSubnet('169.254.0.0', 16, 'ipv4');
LOCAL_ADDRESSES.addAddress('::', 'ipv6');
LOCAL_ADDRESSES.addAddress('::1', 'ipv6');
LOCAL_ADDRESSES.addSubnet('fe80::', 10, 'ipv6');
// Metadata outside link-local: Alibaba Cloud, Azure, and the IPv6 addresses of AWS and Google Cloud.
LOCAL_ADDRESSES.addAddress('100.100.100.200', 'ipv4');
LOCAL_ADDRESSES.addAddress('168.63.129.16', 'ipv4');
LOCAL_ADDRESSES.addAddress('fd00:ec2::254', 'ipv6');
LOCAL_ADDRESSES.addAddress('fd20:ce::254', 'ipv6');

export function createDestinationRule(
  { name, url, tokenHosts }: DestinationRuleSettings,
  resolve: LookupFunction = systemLookup,
): DestinationRule {
  const upstreamHost = new URL(url).hostname;
  const isLocalUpstream = isLocalHost(upstreamHost);
  const trustedHosts = [upstreamHost, ...tokenHosts.map((host) => host.toLowerCase().replace(/:\d+$/, ''))];
  const isTrusted = (hostname: string): boolean => isLocalUpstream || trustedHosts.includes(hostname);

  const refusal = (destination: string): UpstreamError =>
    new UpstreamError(
      'invalid',
      `${name} sends us to ${destination}, which is this machine or its own network: refused, ` +
        `unless upstreams.${name}.url is written with such an address itself`,
    );

  return {
    check(destination) {
      if (isLocalHost(destination.hostname) && !isTrusted(destination.hostname)) {
        throw refusal(describeUrl(destination));
      }
    },
    lookup(hostname, options, callback) {
      resolve(hostname, options, (error, found, family) => {
        const local = error === null && !isTrusted(hostname) ? findLocal(found) : undefined;
        if (local === undefined) callback(error, found, family);
        else callback(refusal(`${hostname} (${local})`), []);
      });
    },
  };
}

/** A name is only known by what it resolves to, but for those that always mean this machine. */
function isLocalHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$|\.$/g, '').toLowerCase();
  return isIP(host) === 0 ? host === 'localhost' || host.endsWith('.localhost') : isLocalAddress(host);
}

function findLocal(found: Parameters<Parameters<LookupFunction>[2]>[1]): string | undefined {
  const addresses = typeof found === 'string' ? [found] : found.map(({ address }) => address);
  return addresses.find(isLocalAddress);
}

function isLocalAddress(address: string): boolean {
  return LOCAL_ADDRESSES.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
