import { findDigest, parseRepositoryName, RegistryError } from '@registry-cache/oci';
import { InvalidValueError, quote } from './config-error.ts';
import { isMap, type ConfigMap } from './config-tree.ts';
import { DEFAULT_WARM_CONCURRENCY, DEFAULT_WARM_INTERVAL_MS } from './defaults.ts';
import { listUpstreams, splitImage } from './image-name.ts';
import type { LoadContext } from './load-context.ts';
import { readSection } from './read-section.ts';
import type { UpstreamSettings, WarmRule, WarmSettings } from './settings.ts';
import { duration, text, words } from './value-parsers.ts';

/** Less would be a load on registries, and answers are fresh for a while anyway. */
export const MIN_WARM_INTERVAL_MS = 1000;

const ALL_PLATFORMS = 'all';
const EXPECTED = 'expected an image with its registry, such as quay.io/org/app:1.*';

type RuleDefaults = Pick<WarmRule, 'everyMs' | 'platforms'>;

/** @throws {InvalidValueError} */
export function parsePlatform(platform: string): string {
  if (platform === ALL_PLATFORMS || /^[a-z0-9]+\/[a-z0-9_]+(?:\/[a-z0-9._]+)?$/.test(platform))
    return platform;
  throw new InvalidValueError(
    `expected os/architecture such as linux/amd64 or linux/arm/v7, or all, got ${quote(platform)}`,
  );
}

/** What is pulled before anybody asks for it: each text or map in `warm.images` is a rule. */
export function warmSettings(upstreams: readonly UpstreamSettings[], context: LoadContext): WarmSettings {
  const { layered, findings } = context;
  const { every, bandwidth, concurrency, platforms, images = [] } = layered.document.warm ?? {};
  const defaults: RuleDefaults = {
    everyMs: every ?? DEFAULT_WARM_INTERVAL_MS,
    ...platformsOf(platforms),
  };
  const reader = { upstreams, defaults, context };
  const label = layered.label('warm.images');
  const rules = images.map((image, index) => readRule(image, `${label}[${index}]`, reader));
  if (images.length === 0 && bandwidth !== undefined) {
    findings.warning(`${layered.label('warm.bandwidth')} has no effect: warm.images names nothing to pull`);
  }
  return {
    rules: rules.filter((rule) => rule !== undefined),
    ...(bandwidth === undefined ? {} : { bytesPerSecond: bandwidth }),
    concurrency: concurrency ?? DEFAULT_WARM_CONCURRENCY,
  };
}

interface RuleReader {
  readonly upstreams: readonly UpstreamSettings[];
  readonly defaults: RuleDefaults;
  readonly context: LoadContext;
}

function readRule(input: unknown, key: string, reader: RuleReader): WarmRule | undefined {
  const { findings } = reader.context;
  if (!isMap(input)) {
    const image = findings.parse(key, () => parseImage(text(input), undefined, reader));
    return image === undefined ? undefined : { ...image, ...reader.defaults };
  }
  return readRuleMap(input, key, reader);
}

function readRuleMap(input: ConfigMap, key: string, reader: RuleReader): WarmRule | undefined {
  const { defaults, context } = reader;
  const { findings } = context;
  const known = ['image', 'tags', 'every', 'platforms'] as const;
  const { image, tags, every, platforms } = readSection(input, { key, known }, findings);
  const patterns = findings.parse(`${key}.tags`, () =>
    tags === undefined ? undefined : words(tags).map(parseTagPattern),
  );
  if (patterns?.length === 0) findings.problem(`${key}.tags`, 'expected a pattern such as v1.*, got none');
  const parsed = findings.parse(`${key}.image`, () => parseImage(text(image), patterns, reader));
  const everyMs = findings.parse(`${key}.every`, () =>
    every === undefined ? defaults.everyMs : duration(every, MIN_WARM_INTERVAL_MS),
  );
  const chosen = findings.parse(`${key}.platforms`, () =>
    platforms === undefined ? defaults : platformsOf(words(platforms).map(parsePlatform)),
  );
  if (parsed === undefined || everyMs === undefined || chosen === undefined) return undefined;
  return { ...parsed, everyMs, ...(chosen.platforms === undefined ? {} : { platforms: chosen.platforms }) };
}

function platformsOf(platforms: readonly string[] | undefined): Pick<WarmRule, 'platforms'> {
  if (platforms === undefined || platforms.length === 0 || platforms.includes(ALL_PLATFORMS)) return {};
  return { platforms: [...new Set(platforms)] };
}

function parseImage(
  written: string,
  tags: readonly string[] | undefined,
  reader: RuleReader,
): Pick<WarmRule, 'repository' | 'select'> {
  const image = splitImage(written.trim(), reader.upstreams);
  const upstreams = listUpstreams(reader.upstreams);
  if (image.kind === 'none') throw new InvalidValueError(`${EXPECTED}, got ${quote(written)}`);
  if (image.kind === 'unknown') {
    throw new InvalidValueError(
      `expected an upstream of this cache (${upstreams}), got ${quote(image.registry)}`,
    );
  }
  const { repository, tag, digest } = splitReference(image.rest);
  const select = selectOf({ tag, digest }, tags, written);
  checkRepository(repository, written);
  warnOfLogins(image.upstream, reader);
  return { repository: `${image.upstream}/${repository}`, select };
}

interface WrittenReference {
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

function selectOf(
  { tag, digest }: WrittenReference,
  tags: readonly string[] | undefined,
  written: string,
): WarmRule['select'] {
  if (tags !== undefined && (tag !== undefined || digest !== undefined)) {
    throw new InvalidValueError(
      `expected no tag or digest in the image, as tags is beside it, got ${quote(written)}`,
    );
  }
  if (digest === undefined) return { kind: 'tags', patterns: tags ?? [parseTagPattern(tag ?? 'latest')] };
  if (findDigest(digest) === undefined) {
    throw new InvalidValueError(`expected sha256: and 64 hexadecimal digits behind @, got ${quote(written)}`);
  }
  return { kind: 'digest', digest };
}

/** `app:1.0@sha256:…` is that digest: as for docker, the tag only says what it was. */
function splitReference(rest: string): WrittenReference & { readonly repository: string } {
  const at = rest.indexOf('@sha');
  const name = at < 0 ? rest : rest.slice(0, at);
  const colon = name.indexOf(':');
  return {
    repository: colon < 0 ? name : name.slice(0, colon),
    tag: colon < 0 ? undefined : name.slice(colon + 1),
    digest: at < 0 ? undefined : rest.slice(at + 1),
  };
}

function parseTagPattern(pattern: string): string {
  if (pattern === '' || /[\s/]/.test(pattern)) {
    throw new InvalidValueError(`expected a tag or a pattern of tags, such as v1.*, got ${quote(pattern)}`);
  }
  return pattern;
}

function checkRepository(repository: string, written: string): void {
  try {
    parseRepositoryName(repository);
  } catch (err) {
    if (!(err instanceof RegistryError)) throw err;
    throw new InvalidValueError(
      `${EXPECTED}: one repository, in lower case, where only the tag may be a pattern, got ${quote(written)}`,
    );
  }
}

function warnOfLogins(name: string, { upstreams, context }: RuleReader): void {
  const upstream = upstreams.find((candidate) => candidate.name === name);
  if (upstream?.authorization !== 'origin') return;
  const { layered, findings } = context;
  const warning =
    `${layered.label('warm.images')}: of ${name} only what everybody may pull is warmed, ` +
    'as it is asked with the credentials of clients (authorization: origin)';
  if (!findings.warnings.includes(warning)) findings.warning(warning);
}
