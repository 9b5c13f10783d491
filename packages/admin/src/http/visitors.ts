import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';
import { hostname } from 'node:os';
import type { DebugSettings } from '@registry-cache/config';
import { originHost } from './cross-site.ts';
import type { Visitor } from './route.ts';

// Who may change something, by the way they came. That no page of another site has sent it is checked besides, in cross-site.ts.

/** The control socket: the system lets only its owner open it. */
export function ownerVisitor(): Visitor {
  return { user: undefined, onlyLooks: undefined };
}

/** The proxy, which has checked their login and takes these headers from no client. */
export function proxiedVisitor({ headers }: Pick<IncomingMessage, 'headers'>): Visitor {
  const user = headers['x-registry-cache-user'];
  const isAdmin = headers['x-registry-cache-admin'] === '1';
  return {
    // The proxy percent-encodes what a header cannot carry.
    user: typeof user === 'string' ? decodeURIComponent(user) : undefined,
    onlyLooks: isAdmin ? undefined : 'only users in http.dashboard.admins may change something',
  };
}

/**
 * The debug address, where nobody logs in. With `loopback` they may act who are on this machine and know it: the connection is from
 * a loopback address, the request is for one, and no proxy has passed it on. A name of someone else's that resolves to a loopback
 * address, by which a page could speak to us as if it were ours (DNS rebinding), is in `Host` and does not pass.
 */
export function debugVisitor(request: IncomingMessage, actions: DebugSettings['actions']): Visitor {
  return { user: undefined, onlyLooks: whyOnlyLooks(request, actions) };
}

/**
 * Why a request may not even look, undefined where it may. An address that only this machine reaches is not asked for by a name of the
 * world, but where a page of that name has had it resolve to this machine (DNS rebinding): the browser would let that page read. Whoever
 * has chosen for `actions` what is not the default may have a proxy there that passes names on.
 */
export function findForeignHostProblem(
  { headers: { host = '' } }: IncomingMessage,
  { host: ownHost, actions }: Pick<DebugSettings, 'host' | 'actions'>,
): string | undefined {
  if (actions !== 'loopback' || !isLoopbackHost(isIPv6(ownHost) ? `[${ownHost}]` : ownHost)) return undefined;
  if (!isWorldName(host.replace(/:\d+$/, '').toLowerCase())) return undefined;
  return 'this address is for this machine alone: ask for it by localhost; where a proxy serves it by another name, set http.debug.actions to nowhere';
}

/** Whether others than this machine and its network may say where a name leads to. */
function isWorldName(name: string): boolean {
  return name.includes('.') && isIP(name) === 0 && name !== hostname().toLowerCase();
}

function whyOnlyLooks(request: IncomingMessage, actions: DebugSettings['actions']): string | undefined {
  switch (actions) {
    case 'anywhere':
      return undefined;
    case 'nowhere':
      return 'http.debug.actions is nowhere: use the command line';
    case 'loopback':
      return isLocal(request)
        ? undefined
        : 'http.debug.actions is loopback: open this page on the machine itself, by localhost, or use the command line';
  }
}

// What proxies add, each its own; nginx adds nothing by itself, and speaks HTTP/1.0.
const FORWARDING = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
];

function isLocal({ headers, httpVersion, socket: { remoteAddress } }: IncomingMessage): boolean {
  const isForwarded = httpVersion === '1.0' || FORWARDING.some((name) => headers[name] !== undefined);
  if (isForwarded || remoteAddress === undefined || !isLoopbackAddress(remoteAddress)) return false;
  const { host = '', origin } = headers;
  return isLoopbackHost(host) && (origin === undefined || isLoopbackHost(originHost(origin) ?? ''));
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

function isLoopbackAddress(address: string): boolean {
  // An IPv4 client of a listener on :: comes as ::ffff:127.0.0.1, which the list knows.
  return LOOPBACK.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** @param host as in `Host`, with or without a port */
function isLoopbackHost(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i.test(host);
}
