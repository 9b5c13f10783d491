import { setTimeout as delay } from 'node:timers/promises';
import { atMostTimes, type PeerRow } from '../goals.ts';
import type { Bench, Goal, Measure, Peer, RunningPeer, Table } from '../measure.ts';
import { pullImage } from '../run/bench-tools.ts';
import { readCpuSeconds } from '../run/process-tree.ts';
import { medianOf, rotate } from '../statistics.ts';
import { writeLargeStore } from './cleaner-store.ts';
import { drawCurve } from './curve.ts';
import { holdClients } from './memory-holder.ts';
import { rowOf, stacksOf, useUpstreams, withSettledPeer } from './memory-peers.ts';

export const memory: Measure = {
  id: 'memory',
  title: 'Memory',
  async run(bench) {
    return [
      await measureIdle(bench),
      ...(await measureUpstreams(bench)),
      await measureStreams(bench),
      ...(bench.quick ? [] : [await measureBlobs(bench)]),
    ];
  },
};

const UPSTREAMS = 5;
const STREAMS = 200;
const STREAM_BYTES_PER_SECOND = 100_000;
const HOLD_MS = 3000;
const QUIET_CPU_SECONDS = 0.1;
const MAX_MEGABYTES_PER_UPSTREAM = 25;
const PSS = 'PSS of all processes together, in which pages that several share count once.';

async function measureIdle(bench: Bench): Promise<Table> {
  const samples = new Map<Peer, number[]>(stacksOf(bench).map((peer) => [peer, []]));
  const rounds = bench.quick ? 1 : 3;
  for (let round = 0; round < rounds; round += 1) {
    for (const peer of rotate(stacksOf(bench), round)) {
      bench.progress(`${peer.title}, idle: round ${round + 1} of ${rounds}`);
      const taken = await withSettledPeer(bench, { peer, upstreams: UPSTREAMS }, (settled) =>
        settled.pssMegabytes(),
      );
      samples.get(peer)?.push(taken);
    }
  }
  const rows = [...samples].map(([{ title, name }, taken]) => ({ label: title, peer: name, samples: taken }));
  return {
    title: `Idle, ${UPSTREAMS} upstreams`,
    unit: 'MB',
    rows,
    goals: atMostTimes(rows, 1, ['seed'], 'seed'),
    note: `${PSS} Nothing was pulled yet; of the seed, supervisord, haproxy, rsyslogd, logger, cleaner and registries.`,
  };
}

async function measureUpstreams(bench: Bench): Promise<Table[]> {
  const counts = bench.quick ? [1, 5] : [1, 5, 10];
  // A short run has time for the one that has a goal.
  const stacks = stacksOf(bench).filter(({ name }) => !bench.quick || name === 'registry-cache');
  const figures = new Map<Peer, Map<number, number>>(stacks.map((peer) => [peer, new Map()]));
  const curve = await drawCurve({
    title: 'Memory against upstreams',
    unit: 'MB',
    file: 'memory-by-upstreams',
    xLabel: 'upstreams',
    note: `${PSS} Each upstream was asked for a manifest before.`,
    counts,
    sample: async (upstreams) => {
      const rows: PeerRow[] = [];
      for (const peer of stacks) {
        bench.progress(`${peer.title}: ${upstreams} upstreams`);
        const row = await rowOf(peer, async () => [await sampleUpstreams(bench, peer, upstreams)]);
        rows.push(row);
        figures.get(peer)?.set(upstreams, medianOf(row.samples));
      }
      return rows;
    },
  });
  return [describeGrowth(counts, figures), curve];
}

function sampleUpstreams(bench: Bench, peer: Peer, upstreams: number): Promise<number> {
  return withSettledPeer(bench, { peer, upstreams }, async ({ running, pssMegabytes }) => {
    await useUpstreams(bench, running, upstreams);
    await delay(HOLD_MS);
    return pssMegabytes();
  });
}

function describeGrowth(
  counts: readonly number[],
  figures: ReadonlyMap<Peer, ReadonlyMap<number, number>>,
): Table {
  const fewest = Math.min(...counts);
  const most = Math.max(...counts);
  const rows = [...figures].map(([{ title, name }, of]) => ({
    label: title,
    peer: name,
    samples: [((of.get(most) ?? Number.NaN) - (of.get(fewest) ?? Number.NaN)) / (most - fewest)],
  }));
  return {
    title: 'Each further upstream',
    unit: 'MB',
    rows,
    goals: ownGoal(rows, `≤ ${MAX_MEGABYTES_PER_UPSTREAM} MB`, MAX_MEGABYTES_PER_UPSTREAM),
    note: `From ${fewest} upstream to ${most}, each of which was asked for a manifest.`,
  };
}

async function measureStreams(bench: Bench): Promise<Table> {
  const rows: PeerRow[] = [];
  for (const peer of stacksOf(bench)) {
    bench.progress(`${peer.title}: ${STREAMS} streams`);
    rows.push(await rowOf(peer, () => sampleStreams(bench, peer)));
  }
  return {
    title: `${STREAMS} slow readers of a cached blob, ${UPSTREAMS} upstreams`,
    unit: 'MB',
    rows,
    goals: atMostTimes(rows, 1.5, ['seed'], 'seed'),
    note: `${PSS} Each reader takes ${STREAM_BYTES_PER_SECOND / 1000} kB/s of it on a TLS connection of its own, and compares. Sampled four times while they read.`,
  };
}

function sampleStreams(bench: Bench, peer: Peer): Promise<number[]> {
  const { blobImage } = bench.upstream;
  const layer = blobImage.blobs.reduce((largest, blob) =>
    blob.sizeBytes > largest.sizeBytes ? blob : largest,
  );
  return withSettledPeer(bench, { peer, upstreams: UPSTREAMS }, async ({ running, pssMegabytes }) => {
    await bench.upstream.shape({ latencyMs: 0, bytesPerSecond: 0 });
    const base = running.base + blobImage.repository;
    await pullImage({ base, reference: blobImage.tag, directory: blobImage.directory, clients: 1 });
    const what = ['--insecure', '--url', `${base}/blobs/${layer.digest}`, '--file', layer.file];
    const how = ['--streams', String(STREAMS), '--bytes-per-second', String(STREAM_BYTES_PER_SECOND)];
    const readers = await holdClients('streams-held', ...what, ...how);
    const samples: number[] = [];
    for (let sample = 0; sample < 4; sample += 1) {
      await delay(1000);
      samples.push(await pssMegabytes());
    }
    await readers.finish();
    return samples;
  });
}

async function measureBlobs(bench: Bench): Promise<Table> {
  const ours = stacksOf(bench).filter(({ name }) => name === 'registry-cache');
  return drawCurve({
    title: 'Memory against cached blobs',
    unit: 'MB',
    file: 'memory-by-blobs',
    xLabel: 'blobs',
    note: `${PSS} One upstream, idle, after the cleaner has walked the store.`,
    counts: [1000, 10_000, 100_000],
    sample: (blobs) =>
      Promise.all(ours.map((peer) => rowOf(peer, async () => [await sampleBlobs(bench, peer, blobs)]))),
  });
}

function sampleBlobs(bench: Bench, peer: Peer, blobs: number): Promise<number> {
  bench.progress(`${peer.title}: ${blobs} blobs`);
  const fill = (data: string): void => void writeLargeStore(data, blobs, 'upstream-1.example');
  return withSettledPeer(bench, { peer, upstreams: 1, fill }, async ({ running, pssMegabytes }) => {
    await untilWalked(running);
    return pssMegabytes();
  });
}

/** Until its processes have used next to no CPU for some seconds. */
async function untilWalked(running: RunningPeer): Promise<void> {
  let used = await readCpuSeconds(await running.pids());
  for (;;) {
    await delay(HOLD_MS);
    const now = await readCpuSeconds(await running.pids());
    if (now - used < QUIET_CPU_SECONDS) return;
    used = now;
  }
}

function ownGoal(rows: readonly PeerRow[], text: string, limit: number): Goal[] {
  const ours = rows.find(({ peer }) => peer === 'registry-cache');
  return ours === undefined ? [] : [{ text, value: medianOf(ours.samples), limit, atLeast: false }];
}
