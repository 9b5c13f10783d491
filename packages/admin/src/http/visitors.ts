import { BlockList, isIPv6 } from 'node:net';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { DebugSettings } from '@registry-cache/config';
import { originHost } from './cross-site.ts';
import type { Visitor } from './route.ts';

// Who may change something, by the way they came. That no page of another site has sent it is checked besides, in cross-site.ts.

/** The control socket: the system lets only its owner open it. */
export function ownerVisitor(): Visitor {
  return { user: undefined, onlyLooks: undefined };
}

/** The proxy, which has checked their login and takes these headers from no client. */
export function proxiedVisitor({ headers }: IncomingMessage): Visitor {
  const user = headers['x-registry-cache-user'];
  const isAdmin = headers['x-registry-cache-admin'] === '1';
  return {
    user: typeof user === 'string' ? user : undefined,
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

function whyOnlyLooks(
  { headers, socket }: IncomingMessage,
  actions: DebugSettings['actions'],
): string | undefined {
  switch (actions) {
    case 'anywhere':
      return undefined;
    case 'nowhere':
      return 'http.debug.actions is nowhere: use the command line';
    case 'loopback':
      return isLocal(headers, socket.remoteAddress)
        ? undefined
        : 'http.debug.actions is loopback: open this page on the machine itself, by localhost, or use the command line';
  }
}

function isLocal(headers: IncomingHttpHeaders, remoteAddress: string | undefined): boolean {
  const isForwarded = ['forwarded', 'x-forwarded-for', 'via'].some((name) => headers[name] !== undefined);
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
