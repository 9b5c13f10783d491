import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { PeerRow } from '../goals.ts';
import type { Bench, Peer, RunningPeer } from '../measure.ts';
import { loadManifest } from '../run/bench-tools.ts';
import { describeFailure } from '../side-by-side.ts';
import { readPssMegabytes } from './memory-pss.ts';

/** A cache, and what its clients get through it. */
export interface SettledPeer {
  readonly running: RunningPeer;
  readonly pssMegabytes: () => Promise<number>;
}

export interface SettledOptions {
  readonly peer: Peer;
  readonly upstreams: number;
  /** Holds data before it starts. */
  readonly fill?: (data: string) => void;
}

// The first pass of this cache's cleaner begins after 5 s.
const SETTLE_MS = 9000;

/** Of the cache and of what it began as: those whose processes are whole stacks. */
export function stacksOf({ peers }: Bench): Peer[] {
  return peers.filter(({ name }) => name === 'registry-cache' || name === 'seed');
}

/** Starts a peer alone with everything that belongs to it, waits until it has come to rest, and ends it after the work. */
export async function withSettledPeer<T>(
  bench: Bench,
  { peer, upstreams, fill }: SettledOptions,
  work: (settled: SettledPeer) => Promise<T>,
): Promise<T> {
  const directory = join(bench.directory, `settled-${peer.name}`);
  await mkdir(join(directory, 'data'), { recursive: true });
  try {
    fill?.(join(directory, 'data'));
    const running = await peer.start({ directory, upstreamUrl: bench.upstream.url, upstreams });
    try {
      await delay(SETTLE_MS);
      return await work({ running, pssMegabytes: async () => readPssMegabytes(await running.pids()) });
    } finally {
      await running.close();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Has every upstream asked for a manifest, and so in use. */
export async function useUpstreams(
  { upstream }: Bench,
  running: RunningPeer,
  upstreams: number,
): Promise<void> {
  const { image } = upstream;
  for (let number = 1; number <= upstreams; number += 1) {
    const base = running.base.replace('upstream-1.', `upstream-${number}.`);
    const url = `${base}${image.repository}/manifests/${image.tag}`;
    await loadManifest({ url, file: image.manifest.file, connections: 1, seconds: 0.2 });
  }
}

/** One row of samples; a peer that fails has a row that says so. */
export async function rowOf(peer: Peer, take: () => Promise<readonly number[]>): Promise<PeerRow> {
  const row = { label: peer.title, peer: peer.name };
  try {
    return { ...row, samples: await take() };
  } catch (err) {
    return { ...row, samples: [], failure: describeFailure(err) };
  }
}
