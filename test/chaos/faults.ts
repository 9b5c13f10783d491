import { setTimeout as sleep } from 'node:timers/promises';
import { createGate } from '../support/gate.ts';
import type { Body } from '../support/upstream/answer.ts';
import {
  answerAfter,
  contentLength,
  endAfter,
  fail,
  gzipped,
  resetAfter,
  stallAfter,
  tooManyRequests,
  wrongBytes,
  type Behaviour,
} from '../support/upstream/behaviours.ts';
import type { Upstream } from '../support/upstream/start-upstream.ts';

/** A way for an upstream to fail, until the function that it resolves with is called. */
type Fault = (upstream: Upstream) => Promise<() => Promise<void>>;

const RETRY_AFTER_SECONDS = 2;
const PART_BYTES = 150_000;
const CHUNK_DELAY_MS = 100;
const BLOBS = { method: 'GET', path: /\/(?:blobs|objects)\// };

const FAULTS = {
  refuses: async (upstream) => {
    await upstream.stop();
    return () => upstream.start();
  },
  hangs: (upstream) => held(upstream, {}, answerAfter),
  'stalls within bodies': (upstream) => held(upstream, BLOBS, (gate) => stallAfter(PART_BYTES, gate)),
  'answers 500': (upstream) => misbehaves(upstream, {}, fail(500)),
  'answers 503 with Retry-After': (upstream) =>
    misbehaves(upstream, {}, fail(503, { 'retry-after': String(RETRY_AFTER_SECONDS) })),
  'answers 401': (upstream) => misbehaves(upstream, {}, fail(401)),
  'answers 429': (upstream) => misbehaves(upstream, {}, tooManyRequests(RETRY_AFTER_SECONDS)),
  'answers HEAD and fails GET': (upstream) => misbehaves(upstream, { method: 'GET' }, fail(502)),
  'breaks connections before bodies': (upstream) => misbehaves(upstream, {}, resetAfter(0)),
  'breaks connections within bodies': (upstream) => misbehaves(upstream, BLOBS, resetAfter(PART_BYTES)),
  'ends bodies early': (upstream) => misbehaves(upstream, BLOBS, endAfter(PART_BYTES)),
  'announces more than it sends': (upstream) => misbehaves(upstream, { method: 'GET' }, tooLong()),
  'sends wrong bytes': (upstream) => misbehaves(upstream, { method: 'GET' }, wrongBytes()),
  'compresses unasked': (upstream) => misbehaves(upstream, { method: 'GET' }, gzipped()),
  'is slow': (upstream) => misbehaves(upstream, {}, slow()),
  // As signed URLs that have expired, where it redirects.
  'refuses blobs': (upstream) =>
    misbehaves(upstream, { path: upstream.blobHost === undefined ? /\/blobs\// : /\/objects\// }, fail(403)),
} satisfies Record<string, Fault>;

export type FaultKind = keyof typeof FAULTS;

export const FAULT_KINDS: readonly FaultKind[] = Object.keys(FAULTS) as FaultKind[];

/** Bytes that are wrong can only be told at the end of a blob: a part of it that was sent before is not the cache's lie. */
const LIES: ReadonlySet<FaultKind> = new Set([
  'announces more than it sends',
  'sends wrong bytes',
  'compresses unasked',
  'ends bodies early',
]);

export function mayLie(kind: FaultKind): boolean {
  return LIES.has(kind);
}

/** All others break what an upstream is asked about a client too: logins, tokens, and HEAD requests. */
const OF_BODIES_ALONE: ReadonlySet<FaultKind> = new Set([
  'stalls within bodies',
  'breaks connections within bodies',
  'ends bodies early',
]);

export function mayHideRights(kind: FaultKind): boolean {
  return !OF_BODIES_ALONE.has(kind);
}

/** Resolves, once the upstream is broken, with a function that repairs it. */
export function breakUpstream(upstream: Upstream, kind: FaultKind): Promise<() => Promise<void>> {
  return FAULTS[kind](upstream);
}

type Match = Parameters<Upstream['misbehave']>[0];

/** The registry and the host that it redirects to alike. */
async function misbehaves(
  upstream: Upstream,
  match: Match,
  behaviour: Behaviour,
): Promise<() => Promise<void>> {
  const servers = [upstream, ...(upstream.blobHost === undefined ? [] : [upstream.blobHost])];
  const stops = servers.map((server) => server.misbehave(match, behaviour));
  return async () => {
    for (const stop of stops) stop();
  };
}

async function held(
  upstream: Upstream,
  match: Match,
  behaviour: (gate: Promise<void>) => Behaviour,
): Promise<() => Promise<void>> {
  const gate = createGate();
  const stop = await misbehaves(upstream, match, behaviour(gate.opened));
  return async () => {
    await stop();
    gate.open();
  };
}

function tooLong(): Behaviour {
  return (answer, request) => {
    const length = Number(answer.headers['content-length'] ?? 0);
    return length === 0 ? answer : contentLength(length + 5)(answer, request);
  };
}

function slow(): Behaviour {
  return (answer) => ({ ...answer, body: slowed(answer.body) });
}

async function* slowed(body: Body): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    await sleep(CHUNK_DELAY_MS);
    yield chunk;
  }
}
