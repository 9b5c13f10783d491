import { isIP } from 'node:net';
import { InvalidValueError, quote } from './config-error.ts';

export interface ListenAddress {
  /** Without brackets; empty for every address. */
  readonly host: string;
  readonly port: number;
}

const ADDRESS = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/;
const HOST_NAME = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i;

/**
 * `:5000`, `0.0.0.0:443`, `localhost:5000`, `[::]:8443`; port 0 is any free port.
 *
 * @throws {InvalidValueError}
 */
export function parseListenAddress(text: string): ListenAddress {
  const match = ADDRESS.exec(text.trim());
  const [, ipv6, name, portText] = match ?? [];
  const port = Number(portText);
  const host = ipv6 ?? name ?? '';
  const hostIsValid = ipv6 === undefined ? host === '' || HOST_NAME.test(host) : isIP(ipv6) === 6;
  if (match === null || port > 65_535 || !hostIsValid) {
    throw new InvalidValueError(
      `expected host:port, such as :8443, 0.0.0.0:443 or [::]:8443, got ${quote(text)}`,
    );
  }
  return { host, port };
}

/** Whether listening there is listening on every address. */
export function isAnyAddress(host: string): boolean {
  return host === '' || host === '0.0.0.0' || (isIP(host) === 6 && /^[0:]+$/.test(host));
}

/** Whether only this machine can reach it there. */
export function isLoopback(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith('127.');
  if (isIP(host) === 6) return /^[0:]+1$/.test(host) || /^::ffff:127\./i.test(host);
  return host.toLowerCase() === 'localhost';
}
