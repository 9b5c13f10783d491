import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PeerRow } from './goals.ts';
import { makeImage } from './images.ts';
import type { Bench, BenchImage, Peer, RunningPeer, UpstreamShape } from './measure.ts';
import { pullImage, type PullOptions } from './run/bench-tools.ts';
import { rotate } from './statistics.ts';

/** Peers that run at the same time, and what each of them could not do. */
export interface SideBySide {
  /** Measures each peer once a round, in an order that rotates. One that fails once is not asked again for that row. */
  sample(options: SampleOptions): Promise<PeerRow[]>;
  close(): Promise<void>;
}

export interface SampleOptions {
  /** Told as progress. */
  readonly what: string;
  readonly rounds: number;
  readonly take: (peer: RunningPeer) => Promise<number>;
}

interface Place {
  readonly peer: Peer;
  readonly started: { readonly running: RunningPeer } | { readonly failure: string };
}

const MOST_PULLS = 8;
const WARM_UP_PULLS = 3;
const QUOTED_CHARACTERS = 200;

/** Starts all peers of the bench, each with these images in its cache. */
export async function startSideBySide(bench: Bench, images: readonly BenchImage[]): Promise<SideBySide> {
  const places: Place[] = [];
  await bench.upstream.shape({ latencyMs: 0, bytesPerSecond: 0 });
  for (const peer of bench.peers) places.push({ peer, started: await startWarm(bench, peer, images) });
  await bench.upstream.shape(bench.usualShape);
  return {
    sample: (options) => sampleInTurns(bench, places, options),
    async close() {
      const running = places.flatMap(({ started }) => ('running' in started ? [started.running] : []));
      await Promise.all(running.map((peer) => peer.close()));
    },
  };
}

/** Starts a peer alone with an empty cache, and ends it and removes its files when the work is done. */
export async function withColdPeer<T>(
  bench: Bench,
  peer: Peer,
  work: (running: RunningPeer) => Promise<T>,
): Promise<T> {
  const directory = join(bench.directory, `cold-${peer.name}`);
  await mkdir(directory, { recursive: true });
  try {
    const running = await peer.start({ directory, upstreamUrl: bench.upstream.url, serversOnly: true });
    try {
      return await work(running);
    } finally {
      await running.close();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

export interface PractisedPeerOptions {
  readonly peer: Peer;
  /** Pulled before the work begins. */
  readonly warmUp: BenchImage;
  /** How the upstream is reached during the work. */
  readonly shape: UpstreamShape;
}

/** The same with a process that has pulled something before, as one that has run for a while. All other images are cold. */
export async function withPractisedPeer<T>(
  bench: Bench,
  { peer, warmUp, shape }: PractisedPeerOptions,
  work: (running: RunningPeer) => Promise<T>,
): Promise<T> {
  return withColdPeer(bench, peer, async (running) => {
    await bench.upstream.shape({ latencyMs: 0, bytesPerSecond: 0 });
    for (let pulls = 0; pulls < WARM_UP_PULLS; pulls += 1) {
      await pullImage({ ...pullOf(warmUp, running.base), clients: 1 });
    }
    await bench.upstream.shape(shape);
    return work(running);
  });
}

/** Something to pull that no measure asks for. */
export async function makeWarmUpImage({
  directory,
  quick,
  upstream: { originUrl },
}: Bench): Promise<BenchImage> {
  return makeImage({
    directory: join(directory, 'warm-up'),
    originUrl,
    repository: 'bench/warm-up',
    layers: 20,
    sizeBytes: (quick ? 16 : 64) * 2 ** 20,
  });
}

/** An image at a base such as that of a peer. */
export function pullOf(
  { repository, tag, directory }: BenchImage,
  base: string,
): Pick<PullOptions, 'base' | 'reference' | 'directory'> {
  return { base: base + repository, reference: tag, directory };
}

/** What went wrong, short enough for a table. */
export function describeFailure(err: unknown): string {
  const message = err instanceof Error ? err.message : String(err);
  return message.replaceAll(/\s+/g, ' ').slice(0, QUOTED_CHARACTERS);
}

async function startWarm(bench: Bench, peer: Peer, images: readonly BenchImage[]): Promise<Place['started']> {
  bench.progress(`${peer.title}: starting, and filling its cache`);
  const directory = join(bench.directory, peer.name);
  await mkdir(directory, { recursive: true });
  try {
    const running = await peer.start({ directory, upstreamUrl: bench.upstream.url, serversOnly: true });
    try {
      for (const image of images) await fillCache(bench, running, image);
      return { running };
    } catch (err) {
      await running.close();
      throw err;
    }
  } catch (err) {
    bench.progress(`${peer.title}: ${describeFailure(err)}`);
    return { failure: describeFailure(err) };
  }
}

/** Pulls until the upstream is asked for no blob any more: some peers store beside their answers, and at times not at all. */
async function fillCache({ upstream }: Bench, peer: RunningPeer, image: BenchImage): Promise<void> {
  for (let pulls = 0; pulls < MOST_PULLS; pulls += 1) {
    await upstream.resetCounts();
    await pullImage({ ...pullOf(image, peer.base), clients: 1 });
    const { byPath } = await upstream.counts();
    if (!Object.keys(byPath).some((path) => path.startsWith('GET ') && path.includes('/blobs/'))) return;
  }
  throw new Error(`asked its upstream for blobs in each of ${MOST_PULLS} pulls of one image`);
}

async function sampleInTurns(
  bench: Bench,
  places: readonly Place[],
  options: SampleOptions,
): Promise<PeerRow[]> {
  const samples = new Map<Peer, number[]>(places.map(({ peer }) => [peer, []]));
  const failures = new Map<Peer, string>();
  for (let round = 0; round < options.rounds; round += 1) {
    bench.progress(`${options.what}: round ${round + 1} of ${options.rounds}`);
    for (const { peer, started } of rotate(places, round)) {
      if ('failure' in started) failures.set(peer, started.failure);
      else if (!failures.has(peer)) {
        try {
          samples.get(peer)?.push(await options.take(started.running));
        } catch (err) {
          failures.set(peer, describeFailure(err));
        }
      }
    }
  }
  return places.map(({ peer }) => {
    const failure = failures.get(peer);
    const row = { label: peer.title, peer: peer.name };
    if (failure === undefined) return { ...row, samples: samples.get(peer) ?? [] };
    bench.progress(`${peer.title}: ${options.what}: ${failure}`);
    return { ...row, samples: [], failure };
  });
}
