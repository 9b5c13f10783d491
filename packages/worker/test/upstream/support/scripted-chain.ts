import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createLog } from '@registry-cache/runtime';
import { createChain } from '../../../src/upstream/chain.ts';
import { UpstreamError, type UpstreamErrorOptions } from '../../../src/upstream/upstream-error.ts';
import type { UpstreamErrorCode } from '../../../src/upstream/upstream-error.ts';
import type {
  BlobGetOptions,
  BlobRange,
  UpstreamBlob,
  UpstreamRegistry,
} from '../../../src/upstream/upstream-registry.ts';
import { DIGEST, NAME, patiently } from './registry-of.ts';

/** One of those that a chain asks. It sends its name as the blob until it is told otherwise. */
export interface ScriptedPlace extends UpstreamRegistry {
  /** Every question but those for blobs, by its method. */
  readonly asked: string[];
  /** Questions for blobs. */
  readonly gets: BlobGetOptions[];
  answer: (options: BlobGetOptions) => Promise<UpstreamBlob | undefined>;
}

export interface ScriptedChain {
  readonly origin: ScriptedPlace;
  /** The first cache and the second, as far as the chain has them. */
  readonly a: ScriptedPlace;
  readonly b: ScriptedPlace;
  readonly caches: readonly ScriptedPlace[];
  /** In one client's name. */
  readonly registry: UpstreamRegistry;
  /** The same places in another client's name. */
  readonly otherClient: UpstreamRegistry;
  readonly clock: { nowMs: number };
  /** `<level>: <message> (<cache>)`, of warn and info. */
  readonly told: readonly string[];
  /** Every line, with its fields. */
  readonly lines: readonly Record<string, unknown>[];
  /** Whose bytes come; undefined for a 404. */
  readonly get: (range?: BlobRange) => Promise<string | undefined>;
}

/** The caches of it are `a`, `b` and `c`, or fewer. */
export function createScriptedChain(count = 2): ScriptedChain {
  const [a, b, c] = [createPlace('a'), createPlace('b'), createPlace('c')];
  const names = ['a', 'b', 'c'].slice(0, count);
  const caches = [a, b, c].slice(0, count);
  const origin = createPlace('origin');
  const clock = { nowMs: 1_000_000 };
  const lines: Record<string, unknown>[] = [];
  const told: string[] = [];
  const destination = {
    write(line: string) {
      const fields: Record<string, unknown> = JSON.parse(line);
      lines.push(fields);
      if (fields['level'] !== 'debug') {
        told.push(`${String(fields['level'])}: ${String(fields['msg'])} (${String(fields['askedCache'])})`);
      }
    },
  };
  const chain = createChain({
    caches: names.map((name) => `https://${name}.example`),
    log: createLog({ level: 'debug', fields: {}, destination }),
    now: () => clock.nowMs,
  });
  const registry = chain.around(origin, caches);
  return {
    origin,
    a,
    b,
    caches,
    registry,
    otherClient: chain.around(origin, caches),
    clock,
    told,
    lines,
    async get(range) {
      const blob = await registry.blobGet(NAME, DIGEST, {
        ...patiently(),
        ...(range === undefined ? {} : { range }),
      });
      return blob === undefined ? undefined : text(blob.body);
    },
  };
}

/** A blob that must be there, asked for by somebody patient unless `signal` is told. */
export async function openBlob(
  registry: UpstreamRegistry,
  options: Partial<BlobGetOptions> = {},
): Promise<UpstreamBlob> {
  const blob = await registry.blobGet(NAME, DIGEST, { ...patiently(), ...options });
  if (blob === undefined) throw new Error('expected a blob');
  return blob;
}

export function sends(content: string | Readable, etag?: string): ScriptedPlace['answer'] {
  return async () => ({
    body: typeof content === 'string' ? Readable.from([Buffer.from(content)]) : content,
    start: 0,
    ...(etag === undefined ? {} : { etag }),
  });
}

export const fails =
  (code: UpstreamErrorCode, options: UpstreamErrorOptions = {}): ScriptedPlace['answer'] =>
  async () => {
    throw new UpstreamError(code, `scripted ${code}`, options);
  };

/** Neither answers nor fails, until it is told to stop. */
export const hangs: ScriptedPlace['answer'] = ({ signal }) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

function createPlace(name: string): ScriptedPlace {
  const asked: string[] = [];
  const gets: BlobGetOptions[] = [];
  const place: ScriptedPlace = {
    asked,
    gets,
    answer: sends(name),
    blobGet(_, __, options) {
      gets.push(options);
      return place.answer(options);
    },
    async manifestGet() {
      asked.push('manifestGet');
      return undefined;
    },
    async manifestHead() {
      asked.push('manifestHead');
      return undefined;
    },
    async blobHead() {
      asked.push('blobHead');
      return undefined;
    },
    async list() {
      asked.push('list');
      return undefined;
    },
    async login() {
      asked.push('login');
    },
    async close() {
      asked.push('close');
    },
  };
  return place;
}
