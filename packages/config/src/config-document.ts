import { z } from 'zod';
import { parseByteSize } from './byte-size.ts';
import { InvalidValueError, quote } from './config-error.ts';
import type { ConfigTree } from './config-tree.ts';
import { findSimilar } from './did-you-mean.ts';
import { parseDuration } from './duration.ts';
import { EXPIRY_STARTS, parseBlobTtl } from './blob-ttl.ts';
import type { Findings } from './findings.ts';
import { parseListenAddress, type ListenAddress } from './listen-address.ts';
import { parseOrigin } from './origin-url.ts';
import { FILE_ONLY_KEYS, SETTING_KEYS } from './setting-keys.ts';
import type { ExpirySettings, LogSettings, UpstreamSettings } from './settings.ts';
import { flag, kindOf, listOf, number, oneOf, text, wholeNumber, words } from './value-parsers.ts';

/** config.yml with its values parsed, and nothing that was left out filled in. */
export interface ConfigDocument {
  readonly log?: { readonly level?: LogSettings['level'] | undefined } | undefined;
  readonly authorizationttl?: number | undefined;
  readonly http?: HttpSection | undefined;
  readonly auth?: { readonly htpasswd?: HtpasswdSection | undefined } | undefined;
  readonly storage?: StorageSection | undefined;
  readonly rundir?: string | undefined;
  readonly pullsecret?: string | undefined;
  readonly ignoreregistries?: readonly string[] | undefined;
  readonly upstreams?: Readonly<Record<string, UpstreamSection>> | undefined;
  readonly workers?: WorkersSection | undefined;
  readonly fills?: FillsSection | undefined;
  readonly cleaner?: CleanerSection | undefined;
}

export interface HttpSection {
  readonly addr?: ListenAddress | undefined;
  readonly host?: string | undefined;
  readonly secret?: string | undefined;
  readonly draintimeout?: number | undefined;
  readonly processes?: number | undefined;
  readonly tls?: { readonly certificate?: string | undefined; readonly key?: string | undefined } | undefined;
}

interface HtpasswdSection {
  readonly realm?: string | undefined;
  readonly path?: string | undefined;
}

interface StorageSection {
  readonly filesystem?: { readonly rootdirectory?: string | undefined } | undefined;
  readonly delete?: { readonly enabled?: boolean | undefined } | undefined;
}

export interface UpstreamSection {
  readonly url?: string | undefined;
  readonly default?: boolean | undefined;
  readonly authorization?: UpstreamSettings['authorization'] | undefined;
  readonly caches?: readonly string[] | undefined;
  readonly cas?: readonly string[] | undefined;
  readonly tagttl?: number | undefined;
  readonly tokenhosts?: readonly string[] | undefined;
  readonly maxconnections?: number | undefined;
}

export interface WorkersSection {
  readonly idletimeout?: number | undefined;
}

export interface FillsSection {
  readonly abandonbelow?: number | undefined;
  readonly maxsize?: number | undefined;
}

export interface CleanerSection {
  readonly maxsize?: number | undefined;
  readonly thresholdpercentage?: number | undefined;
  readonly runevery?: number | undefined;
  readonly blobttl?: number | undefined;
  readonly blobttlfrom?: ExpirySettings['from'] | undefined;
}

const LOG_LEVELS: readonly LogSettings['level'][] = ['error', 'warn', 'info', 'debug'];
const AUTHORIZATIONS: readonly UpstreamSettings['authorization'][] = ['cache', 'origin'];

const schema = z.strictObject({
  version: value((version) => oneOf(['0.1'], String(version))),
  log: section({ level: value(logLevel) }),
  authorizationttl: value(duration),
  http: section({
    addr: value((addr) => parseListenAddress(text(addr))),
    host: value((host) => parseOrigin(text(host))),
    secret: value(text),
    draintimeout: value(duration),
    processes: value((count) => wholeNumber(count, { min: 1, max: 64 })),
    tls: section({ certificate: value(text), key: value(text) }),
  }),
  auth: section({ htpasswd: section({ realm: value(text), path: value(text) }) }),
  storage: section({
    filesystem: section({ rootdirectory: value(text) }),
    delete: section({ enabled: value(flag) }),
  }),
  rundir: value(text),
  pullsecret: value(text),
  ignoreregistries: value(words),
  upstreams: z
    .record(
      z.string(),
      z.strictObject({
        url: value(text),
        default: value(flag),
        authorization: value((who) => oneOf(AUTHORIZATIONS, who)),
        caches: value(listOf(text)),
        cas: value(listOf(text)),
        tagttl: value(duration),
        tokenhosts: value(listOf(text)),
        maxconnections: value((count) => wholeNumber(count, { min: 2, max: 1024 })),
      }),
    )
    .optional(),
  workers: section({ idletimeout: value(duration) }),
  fills: section({
    abandonbelow: value((percentage) => number(percentage, { min: 0, max: 100 })),
    maxsize: value(maxSize),
  }),
  cleaner: section({
    maxsize: value(maxSize),
    thresholdpercentage: value((percentage) => number(percentage, { min: 0, max: 1000 })),
    runevery: value((interval) => duration(interval, 1000)),
    blobttl: value(parseBlobTtl),
    blobttlfrom: value((start) => oneOf(EXPIRY_STARTS, start)),
  }),
  // `registry` was taken out before, and what distribution has besides was ignored: what is left is a mistake.
  middleware: section({}),
});

/**
 * Checks the whole tree. Each mistake becomes a problem and is taken out, so that what is left can still be read: its files
 * may have mistakes too.
 */
export function parseConfigDocument(tree: ConfigTree, findings: Findings): ConfigDocument {
  const first = schema.safeParse(tree.root);
  if (first.success) return first.data;
  for (const issue of first.error.issues) {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) rejectUnknown([...path, key], tree, findings);
    } else {
      const message =
        issue.code === 'invalid_type'
          ? `expected a map of settings, got ${kindOf(tree.get(path))}`
          : issue.message;
      findings.problem(tree.label(path), message);
      tree.remove(path);
    }
  }
  return schema.parse(tree.root);
}

function rejectUnknown(path: readonly string[], tree: ConfigTree, findings: Findings): void {
  const similar = findSimilar(path.join('.'), knownKeys(path));
  const hint = similar === undefined ? '' : `, did you mean ${similar}?`;
  findings.problem(tree.label(path), `unknown key${hint}`);
  tree.remove(path);
}

/** Every key and every section, with the name of the upstream that `path` is about in place of `*`. */
function knownKeys(path: readonly string[]): Set<string> {
  const upstream = path[0] === 'upstreams' ? path[1] : undefined;
  const known = new Set<string>();
  for (const key of [...SETTING_KEYS, ...FILE_ONLY_KEYS]) {
    const segments = key.split('.').map((segment) => (segment === '*' ? (upstream ?? '*') : segment));
    for (let depth = 1; depth <= segments.length; depth++) known.add(segments.slice(0, depth).join('.'));
  }
  return known;
}

function value<T>(parse: (input: unknown) => T): z.ZodOptional<z.ZodType<T>> {
  return z
    .unknown()
    .transform((input, context): T => {
      try {
        return parse(input);
      } catch (err) {
        if (!(err instanceof InvalidValueError)) throw err;
        context.addIssue({ code: 'custom', message: err.message });
        return z.NEVER;
      }
    })
    .optional();
}

function section<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
): z.ZodOptional<z.ZodObject<Shape, z.core.$strict>> {
  return z.strictObject(shape).optional();
}

function logLevel(input: unknown): LogSettings['level'] {
  // distribution takes them in any case.
  return oneOf(LOG_LEVELS, typeof input === 'string' ? input.toLowerCase() : input);
}

function duration(input: unknown, minMs = 0): number {
  const ms = parseDuration(typeof input === 'number' ? String(input) : text(input));
  if (ms < minMs) throw new InvalidValueError(`expected at least ${minMs / 1000}s, got ${quote(input)}`);
  return ms;
}

function maxSize(input: unknown): number {
  const size = parseByteSize(typeof input === 'number' ? String(input) : text(input));
  if (size < 1) throw new InvalidValueError(`expected more than nothing, got ${quote(input)}`);
  return size;
}
