import { DEFAULT_DRAIN_TIMEOUT_MS, DEFAULT_PORT, PLACEHOLDER_SECRET } from './defaults.ts';
import type { LoadContext } from './load-context.ts';
import type { HttpSettings, TlsSettings } from './settings.ts';

/** How clients reach this cache; the certificate was loaded before. */
export function httpSettings(tls: TlsSettings | undefined, { layered, findings }: LoadContext): HttpSettings {
  const section = layered.document.http ?? {};
  const { host, port } = section.addr ?? { host: '', port: DEFAULT_PORT };
  const { host: externalUrl, secret } = section;
  const isPlaceholder = secret === PLACEHOLDER_SECRET;
  if (isPlaceholder) {
    findings.warning(
      `${layered.label('http.secret')} is the placeholder of the samples, which everybody knows: a random one of this process ` +
        'is used in its place; caches that share their clients need one in common',
    );
  }
  return {
    host,
    port,
    ...(tls === undefined ? {} : { tls }),
    ...(externalUrl === undefined ? {} : { externalUrl }),
    ...(secret === undefined || isPlaceholder ? {} : { secret }),
    drainTimeoutMs: section.draintimeout ?? DEFAULT_DRAIN_TIMEOUT_MS,
  };
}
