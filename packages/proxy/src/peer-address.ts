import { isIPv6, type Socket } from 'node:net';

/** A client's address as people write it: an IPv4 client of a listener for both families has no `::ffff:` before it. */
export function peerAddress({ remoteAddress }: Pick<Socket, 'remoteAddress'>): string {
  return plainAddress(remoteAddress);
}

/**
 * Whom an address speaks for: an IPv4 address for itself, an IPv6 address for the 64 bits in front, since every host has as many
 * addresses behind them as it likes.
 */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [front = '', back = ''] = address.split('%', 1).join('').split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const zeros = Math.max(0, 8 - groups(front).length - groups(back).length);
  const all = [...groups(front), ...Array<string>(zeros).fill('0'), ...groups(back)];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

/** `host:port` of both ends of a connection. */
export interface Endpoints {
  readonly peer: string;
  readonly own: string;
}

export function endpointsOf(socket: Socket): Endpoints {
  return {
    peer: endpoint(socket.remoteAddress, socket.remotePort),
    own: endpoint(socket.localAddress, socket.localPort),
  };
}

function endpoint(address: string | undefined, port: number | undefined): string {
  const host = plainAddress(address);
  return `${host.includes(':') ? `[${host}]` : host}:${port ?? ''}`;
}

/** Empty once the connection is closed. */
function plainAddress(address = ''): string {
  return address.replace(/^::ffff:(?=[\d.]+$)/i, '');
}
