import type { UpstreamSettings } from '@registry-cache/config';
import {
  digestOf,
  findUpstreamName,
  parseReference,
  parseRepositoryName,
  type UpstreamName,
} from '@registry-cache/oci';
import { createLog, createTally } from '@registry-cache/runtime';
import { onTestFinished } from 'vitest';
import {
  createUpstreamRegistry,
  type ObservableUpstream,
  type UpstreamRegistryOptions,
} from '../../../src/upstream/create-upstream-registry.ts';
import { UpstreamError } from '../../../src/upstream/upstream-error.ts';

export const NAME = parseRepositoryName('org/app');
export const LATEST = parseReference('latest');
export const BLOB = Buffer.from('the bytes of a blob');
export const DIGEST = digestOf(BLOB);

export function upstreamNamed(text: string): UpstreamName {
  const name = findUpstreamName(text);
  if (name === undefined) throw new Error(`no upstream name: ${text}`);
  return name;
}

export function settingsOf(url: string, settings: Partial<UpstreamSettings> = {}): UpstreamSettings {
  return {
    name: upstreamNamed('quay.io'),
    url,
    default: false,
    authorization: 'cache',
    caches: [],
    cas: [],
    tagTtlMs: 0,
    tokenHosts: [],
    maxConnections: 64,
    credentials: [],
    ...settings,
  };
}

export type TestRegistryOptions = Partial<UpstreamSettings> &
  Pick<UpstreamRegistryOptions, 'now' | 'timeouts' | 'lookup'> &
  Partial<Pick<UpstreamRegistryOptions, 'log' | 'tally' | 'outboundProxy'>>;

/** A client of the registry at `url`; closed when the test ends. */
export function registryOf(url: string, options: TestRegistryOptions = {}): ObservableUpstream {
  const { now, timeouts, lookup, log, tally, outboundProxy, ...settings } = options;
  const registry = createUpstreamRegistry({
    upstream: settingsOf(url, settings),
    outboundProxy: outboundProxy ?? {},
    log: log ?? createLog({ level: 'error', fields: {} }),
    tally: tally ?? createTally(),
    ...(now === undefined ? {} : { now }),
    ...(timeouts === undefined ? {} : { timeouts }),
    ...(lookup === undefined ? {} : { lookup }),
  });
  onTestFinished(() => registry.close());
  return registry;
}

/** Options of a request that nobody aborts. */
export function patiently(): { signal: AbortSignal } {
  return { signal: new AbortController().signal };
}

export async function upstreamErrorOf(promise: Promise<unknown>): Promise<UpstreamError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof UpstreamError)) throw new Error('expected an UpstreamError', { cause: error });
  return error;
}
