import { DEFAULT_PORT, WELL_KNOWN_PATHS } from './defaults.ts';
import { Findings } from './findings.ts';
import type { SettingsSources } from './load-settings.ts';
import { readDocument } from './read-document.ts';
import { isPresent } from './text-file.ts';

/**
 * Where a cache with this configuration listens: `https://0.0.0.0:443`, or `https://:8443` for every address.
 *
 * No file but config.yml is read, and a mistake elsewhere counts for nothing: a running cache goes on as it was when its files
 * become wrong, and who asks whether it is well should find that.
 *
 * @throws {ConfigError} where the mistake may be in the address
 */
export async function findListenUrl(sources: SettingsSources): Promise<string> {
  const { wellKnown = WELL_KNOWN_PATHS } = sources;
  const findings = new Findings();
  const { document, fileSetsAddress } = await readDocument(sources, findings);
  const { addr, tls } = document.http ?? {};
  if (addr === undefined) findings.throwProblems();
  const { host, port } = addr ?? { host: '', port: DEFAULT_PORT };
  // As loadTls decides.
  const hasTls =
    tls?.certificate !== undefined || !fileSetsAddress || (await isPresent(wellKnown.certificate));
  return `${hasTls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
