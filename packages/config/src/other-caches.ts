import { InvalidValueError } from './config-error.ts';
import type { Findings } from './findings.ts';
import { parseOrigin } from './origin-url.ts';
import type { KeyedText } from './value-parsers.ts';

export interface CachesOwner {
  /** The origin that the caches are for. */
  readonly url: string;
  /** Where clients reach this cache itself, if that is known. */
  readonly externalUrl: string | undefined;
}

/** Origins of the caches that are asked for blobs before the upstream is: others than it, and each once. */
export function parseCaches(
  entries: readonly KeyedText[],
  { url, externalUrl }: CachesOwner,
  findings: Findings,
): string[] {
  const origins = new Set<string>();
  for (const { key, text } of entries) {
    findings.parse(key, () => {
      const origin = parseOrigin(text);
      if (origin === url)
        throw new InvalidValueError(`${origin} is the origin itself, which is asked last anyway`);
      if (origin === externalUrl)
        throw new InvalidValueError(`${origin} is this cache itself, by its http.host`);
      if (origins.has(origin)) throw new InvalidValueError(`${origin} is there twice`);
      origins.add(origin);
    });
  }
  return [...origins];
}
