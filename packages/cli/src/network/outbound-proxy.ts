import type { OutboundProxySettings } from '@registry-cache/config';
import { hostOf, portOf } from './endpoint.ts';

/** The outbound proxy on the way to `url`; undefined where the way is direct. The rules are those that pulls go by. */
export function findOutboundProxy(url: URL, settings: OutboundProxySettings): URL | undefined {
  const proxy = url.protocol === 'https:' ? settings.httpsProxy : settings.httpProxy;
  if (proxy === undefined || proxy === '' || isExempt(url, settings.noProxy ?? '')) return undefined;
  return new URL(proxy);
}

/** The user and password of a proxy's URL, as `Proxy-Authorization`. */
export function proxyAuthorization(proxy: URL): Record<string, string> {
  if (proxy.username === '' || proxy.password === '') return {};
  const credential = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(credential, 'utf8').toString('base64')}` };
}

function isExempt(url: URL, noProxy: string): boolean {
  if (noProxy === '*') return true;
  const host = hostOf(url).toLowerCase();
  return noProxy
    .split(/[,\s]/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      const [, name = entry, port] = /^(.+):(\d+)$/.exec(entry) ?? [];
      if (port !== undefined && Number(port) !== portOf(url)) return false;
      const domain = name.replace(/^\*?\./, '').toLowerCase();
      return host === domain || host.endsWith(`.${domain}`);
    });
}
