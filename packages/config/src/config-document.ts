import { z } from 'zod';
import { ACCESS_LOG_FORMATS } from './access-log.ts';
import { EXPIRY_STARTS, parseBlobTtl } from './blob-ttl.ts';
import { parseByteRate } from './byte-rate.ts';
import { section, value } from './config-schema.ts';
import type { ConfigTree } from './config-tree.ts';
import { DEBUG_ACTIONS, parseMetricsPath } from './debug-settings.ts';
import { findSimilar } from './did-you-mean.ts';
import type { Findings } from './findings.ts';
import { parseListenAddress, type ListenAddress } from './listen-address.ts';
import { parseOrigin } from './origin-url.ts';
import { knownKeys } from './setting-keys.ts';
import type {
  AccessLogSettings,
  DebugSettings,
  ExpirySettings,
  LogSettings,
  UpstreamSettings,
} from './settings.ts';
import {
  duration,
  entriesOrWords,
  flag,
  kindOf,
  listOf,
  maxSize,
  number,
  oneOf,
  text,
  wholeNumber,
  words,
} from './value-parsers.ts';
import { MIN_WARM_INTERVAL_MS, parsePlatform } from './warm-rules.ts';

/** config.yml with its values parsed, and nothing that was left out filled in. */
export interface ConfigDocument {
  readonly log?: LogSection | undefined;
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
  readonly warm?: WarmSection | undefined;
  readonly notifications?: { readonly endpoints?: readonly unknown[] | undefined } | undefined;
}

export interface LogSection {
  readonly level?: LogSettings['level'] | undefined;
  readonly accesslog?: AccessLogSection | undefined;
}

interface AccessLogSection {
  readonly disabled?: boolean | undefined;
  readonly format?: AccessLogSettings['format'] | undefined;
  readonly blobs?: boolean | undefined;
}

export interface HttpSection {
  readonly addr?: ListenAddress | undefined;
  readonly host?: string | undefined;
  readonly secret?: string | undefined;
  readonly draintimeout?: number | undefined;
  readonly processes?: number | undefined;
  readonly tls?: { readonly certificate?: string | undefined; readonly key?: string | undefined } | undefined;
  readonly debug?: DebugSection | undefined;
  readonly dashboard?: DashboardSection | undefined;
}

interface DebugSection {
  readonly addr?: ListenAddress | undefined;
  readonly prometheus?:
    { readonly enabled?: boolean | undefined; readonly path?: string | undefined } | undefined;
  readonly actions?: DebugSettings['actions'] | undefined;
}

interface DashboardSection {
  readonly enabled?: boolean | undefined;
  readonly admins?: readonly string[] | undefined;
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
  readonly pins?: readonly string[] | undefined;
}

interface WarmSection {
  readonly every?: number | undefined;
  readonly bandwidth?: number | undefined;
  readonly concurrency?: number | undefined;
  readonly platforms?: readonly string[] | undefined;
  /** Texts, and maps that are not parsed yet. */
  readonly images?: readonly unknown[] | undefined;
}

const LOG_LEVELS: readonly LogSettings['level'][] = ['error', 'warn', 'info', 'debug'];
const AUTHORIZATIONS: readonly UpstreamSettings['authorization'][] = ['cache', 'origin'];

const schema = z.strictObject({
  version: value((version) => oneOf(['0.1'], String(version))),
  log: section({
    level: value(logLevel),
    accesslog: section({
      disabled: value(flag),
      format: value((format) => oneOf(ACCESS_LOG_FORMATS, format)),
      blobs: value(flag),
    }),
  }),
  authorizationttl: value(duration),
  http: section({
    addr: value((addr) => parseListenAddress(text(addr))),
    host: value((host) => parseOrigin(text(host))),
    secret: value(text),
    draintimeout: value(duration),
    processes: value((count) => wholeNumber(count, { min: 1, max: 64 })),
    tls: section({ certificate: value(text), key: value(text) }),
    debug: section({
      addr: value((addr) => parseListenAddress(text(addr))),
      prometheus: section({ enabled: value(flag), path: value(parseMetricsPath) }),
      actions: value((from) => oneOf(DEBUG_ACTIONS, from)),
    }),
    dashboard: section({ enabled: value(flag), admins: value(words) }),
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
    pins: value(words),
  }),
  warm: section({
    every: value((interval) => duration(interval, MIN_WARM_INTERVAL_MS)),
    bandwidth: value(parseByteRate),
    concurrency: value((count) => wholeNumber(count, { min: 1, max: 64 })),
    platforms: value((platforms) => words(platforms).map(parsePlatform)),
    images: value(entriesOrWords),
  }),
  notifications: section({ endpoints: value(listOf((endpoint) => endpoint)) }),
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

function logLevel(input: unknown): LogSettings['level'] {
  // distribution takes them in any case.
  return oneOf(LOG_LEVELS, typeof input === 'string' ? input.toLowerCase() : input);
}
