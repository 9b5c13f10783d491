import { isAbsolute } from 'node:path';
import { findUpstreamName, type UpstreamName } from '@registry-cache/oci';
import { InvalidValueError, quote } from './config-error.ts';
import { isMap, type ConfigMap } from './config-tree.ts';
import { EXPIRY_STARTS, parseBlobTtl } from './blob-ttl.ts';
import type { Findings } from './findings.ts';
import { parseOrigin } from './origin-url.ts';
import { readSection } from './read-section.ts';
import type { ExpirySettings } from './settings.ts';
import { kindOf, listOf, oneOf, text, type KeyedText } from './value-parsers.ts';

/** The options of the middleware `downstream`, parsed. */
export interface DownstreamOptions {
  /** Where they are in config.yml, for messages: `middleware.registry[0].options`. */
  readonly key: string;
  /** Undefined where it was a problem, which has been noted. */
  readonly origin: DownstreamOrigin | undefined;
  /** URLs of other caches, which are asked for blobs before the origin is. */
  readonly caches: readonly KeyedText[];
  /** Absolute paths of certificate authorities. */
  readonly cas: readonly KeyedText[];
  readonly blobTtlMs: number | undefined;
  readonly blobTtlFrom: ExpirySettings['from'] | undefined;
}

export interface DownstreamOrigin {
  /** Host and port, without the port that the scheme implies. */
  readonly name: UpstreamName;
  readonly url: string;
}

/** Undefined where they are no map, which has been noted. */
export function parseDownstreamOptions(
  input: unknown = {},
  key: string,
  findings: Findings,
): DownstreamOptions | undefined {
  const known = ['upstreams', 'cas', 'blobttl', 'blobttlfrom'] as const;
  if (!isMap(input)) {
    findings.problem(key, `expected a map of settings, got ${kindOf(input)}`);
    return undefined;
  }
  const options = readSection(input, { key, known }, findings);
  const { blobttl, blobttlfrom } = options;
  const blobTtlFrom = findings.parse(`${key}.blobttlfrom`, () =>
    blobttlfrom === undefined ? undefined : oneOf(EXPIRY_STARTS, blobttlfrom),
  );
  return {
    key,
    ...parseUpstreams(options.upstreams, `${key}.upstreams`, findings),
    cas: parseCas(options.cas, `${key}.cas`, findings),
    blobTtlMs: blobttl === undefined ? undefined : parseTtl(blobttl, `${key}.blobttl`, findings),
    blobTtlFrom,
  };
}

type Upstreams = Pick<DownstreamOptions, 'origin' | 'caches'>;

const NO_UPSTREAMS: Upstreams = { origin: undefined, caches: [] };

/** A list of URLs, the origin's first, or a list of one map with `originhost` and `upstreamhosts`. */
function parseUpstreams(input: unknown, key: string, findings: Findings): Upstreams {
  const entries = findings.parse(key, () => listOf((entry) => entry)(input ?? []));
  if (entries === undefined) return NO_UPSTREAMS;
  const [first] = entries;
  if (first === undefined) {
    findings.problem(key, 'expected the URL of the origin, such as https://dtr.example.com');
    return NO_UPSTREAMS;
  }
  if (isMap(first)) {
    for (const index of entries.keys()) {
      if (index > 0) findings.problem(`${key}[${index}]`, 'expected nothing after the map with originhost');
    }
    return parseHosts(first, `${key}[0]`, findings);
  }
  const urls = parseTexts(entries, { key, expected: 'a URL' }, findings);
  const origin = urls.find((url) => url.key === `${key}[0]`);
  return {
    origin: origin === undefined ? undefined : parseOriginHost(origin, findings),
    caches: urls.filter((url) => url !== origin),
  };
}

function parseHosts(input: ConfigMap, key: string, findings: Findings): Upstreams {
  const { originhost, upstreamhosts } = readSection(
    input,
    { key, known: ['originhost', 'upstreamhosts'] },
    findings,
  );
  const origin = findings.parse(`${key}.originhost`, () => text(originhost));
  const hosts = findings.parse(`${key}.upstreamhosts`, () => listOf((host) => host)(upstreamhosts ?? []));
  return {
    origin:
      origin === undefined
        ? undefined
        : parseOriginHost({ key: `${key}.originhost`, text: origin }, findings),
    caches: parseTexts(hosts ?? [], { key: `${key}.upstreamhosts`, expected: 'a URL' }, findings),
  };
}

function parseOriginHost(
  { key, text: written }: KeyedText,
  findings: Findings,
): DownstreamOrigin | undefined {
  return findings.parse(key, () => {
    const url = parseOrigin(written);
    const name = findUpstreamName(new URL(url).host);
    if (name === undefined) throw new InvalidValueError('expected a host name or an IPv4 address in the URL');
    return { name, url };
  });
}

function parseCas(input: unknown, key: string, findings: Findings): KeyedText[] {
  const entries = findings.parse(key, () => listOf((entry) => entry)(input ?? [])) ?? [];
  const paths = parseTexts(entries, { key, expected: 'a path' }, findings);
  return paths.filter((path) => {
    if (isAbsolute(path.text)) return true;
    findings.problem(path.key, `expected an absolute path, got ${quote(path.text)}`);
    return false;
  });
}

function parseTtl(input: unknown, key: string, findings: Findings): number | undefined {
  const written = typeof input === 'number' ? String(input) : input;
  const isBare = typeof written === 'string' && /^\d+$/.test(written.trim());
  const ms = findings.parse(key, () => parseBlobTtl(isBare ? `${written.trim()}ns` : written));
  if (isBare && ms !== undefined) {
    findings.warning(`${key}: a number without a unit is read as nanoseconds, got ${quote(input)}`);
  }
  return ms;
}

interface ExpectedTexts {
  readonly key: string;
  readonly expected: string;
}

function parseTexts(
  entries: readonly unknown[],
  { key, expected }: ExpectedTexts,
  findings: Findings,
): KeyedText[] {
  const texts: KeyedText[] = [];
  for (const [index, entry] of entries.entries()) {
    const entryKey = `${key}[${index}]`;
    if (typeof entry === 'string' && entry.trim() !== '') texts.push({ key: entryKey, text: entry });
    else findings.problem(entryKey, `expected ${expected}, got ${kindOf(entry)}`);
  }
  return texts;
}
