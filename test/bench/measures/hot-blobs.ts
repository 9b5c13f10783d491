import { atLeastTimes, atMostTimes, OTHER_PEERS, REGISTRY_PEERS, type PeerRow } from '../goals.ts';
import { layerOf } from '../images.ts';
import type { Bench, Measure, PeerName, RunningPeer, Table } from '../measure.ts';
import { loadRanges, readStreams } from '../run/bench-tools.ts';
import { readCpuSeconds } from '../run/process-tree.ts';
import { startSideBySide, type SideBySide } from '../side-by-side.ts';
import { CONNECTION_COUNTS, drawCurve } from './curve.ts';

export const hotBlobs: Measure = {
  id: 'hot-blobs',
  title: 'Blobs that are cached',
  async run(bench) {
    const peers = await startSideBySide(bench, [bench.upstream.blobImage]);
    try {
      return [
        await measureOneStream(bench, peers),
        ...(await measureManyStreams(bench, peers)),
        await measureRanges(bench, peers),
        ...(bench.quick ? [] : [await measureConnections(bench, peers)]),
      ];
    } finally {
      await peers.close();
    }
  },
};

const STREAMS = 8;
const RANGE_CONNECTIONS = 32;
const MEBIBYTE = 2 ** 20;
const MEGABYTE = 1e6;
const GIGABYTE = 1e9;

async function measureOneStream(bench: Bench, peers: SideBySide): Promise<Table> {
  const rows = await peers.sample({
    what: 'one stream',
    rounds: bench.quick ? 3 : 5,
    take: async (peer) => {
      const { bytes, seconds } = await readStreams({ ...hotBlob(bench, peer), streams: 1 });
      return bytes / seconds / MEGABYTE;
    },
  });
  return {
    title: `Hot blob of ${sizeText(bench)}, one stream`,
    unit: 'MB/s',
    rows,
    goals: [
      ...atLeastTimes(rows, 1.3, REGISTRY_PEERS, 'the best registry peer'),
      ...atLeastTimes(rows, 1, ['nginx'], 'nginx'),
    ],
    note: 'The whole blob on one TLS connection. The client, which compares every byte, runs on the same cores.',
  };
}

async function measureManyStreams(bench: Bench, peers: SideBySide): Promise<Table[]> {
  const cpuSamples = new Map<PeerName, number[]>();
  const rows = await peers.sample({
    what: `${STREAMS} streams`,
    rounds: bench.quick ? 2 : 3,
    take: async (peer) => {
      const before = await readCpuSeconds(await peer.pids());
      const { bytes, seconds } = await readStreams({ ...hotBlob(bench, peer), streams: STREAMS });
      const cpuSeconds = (await readCpuSeconds(await peer.pids())) - before;
      cpuSamples.set(peer.name, [...(cpuSamples.get(peer.name) ?? []), cpuSeconds / (bytes / GIGABYTE)]);
      return bytes / seconds / MEGABYTE;
    },
  });
  const cpuRows = rows.map((row) => ({
    ...row,
    samples: row.failure === undefined ? (cpuSamples.get(row.peer) ?? []) : [],
  }));
  return [describeStreams(bench, rows), describeCpu(cpuRows)];
}

function describeStreams(bench: Bench, rows: readonly PeerRow[]): Table {
  return {
    title: `Hot blob of ${sizeText(bench)}, ${STREAMS} streams`,
    unit: 'MB/s',
    rows,
    goals: [
      ...atLeastTimes(rows, 1.2, REGISTRY_PEERS, 'the best registry peer'),
      ...atLeastTimes(rows, 1, ['nginx'], 'nginx'),
    ],
    note: `The whole blob on ${STREAMS} TLS connections at once, together.`,
  };
}

function describeCpu(rows: readonly PeerRow[]): Table {
  return {
    title: `CPU time for ${STREAMS} streams`,
    unit: 'CPU seconds/GB',
    rows,
    goals: atMostTimes(rows, 1.1, OTHER_PEERS, 'the best peer'),
    note: 'User and system time of all processes of the peer during the streams above. Less is better.',
  };
}

async function measureRanges(bench: Bench, peers: SideBySide): Promise<Table> {
  const seconds = bench.quick ? 1 : 2;
  const rows = await peers.sample({
    what: 'ranges of 1 MiB',
    rounds: bench.quick ? 2 : 5,
    take: (peer) =>
      rangesPerSecond(bench, peer, { connections: RANGE_CONNECTIONS, seconds, sizeBytes: MEBIBYTE }),
  });
  return {
    title: `Hot ranges of 1 MiB, ${RANGE_CONNECTIONS} connections`,
    unit: 'MB/s',
    rows,
    goals: [
      ...atLeastTimes(rows, 1.5, REGISTRY_PEERS, 'the best registry peer'),
      ...atLeastTimes(rows, 1, ['nginx'], 'nginx'),
    ],
    note: `Random ranges of the blob of ${sizeText(bench)}, for ${seconds} s.`,
  };
}

async function measureConnections(bench: Bench, peers: SideBySide): Promise<Table> {
  const seconds = 1.5;
  return drawCurve({
    title: 'Hot blob against connections',
    unit: 'MB/s',
    file: 'hot-blobs-by-connections',
    xLabel: 'connections',
    note: `Ranges of 1 MiB, one sample of ${seconds} s for each point.`,
    counts: CONNECTION_COUNTS,
    sample: (connections) =>
      peers.sample({
        what: `blob, ${connections} connections`,
        rounds: 1,
        take: (peer) => rangesPerSecond(bench, peer, { connections, seconds, sizeBytes: MEBIBYTE }),
      }),
  });
}

async function rangesPerSecond(
  bench: Bench,
  peer: RunningPeer,
  load: { readonly connections: number; readonly seconds: number; readonly sizeBytes: number },
): Promise<number> {
  const { bytes, seconds } = await loadRanges({ ...hotBlob(bench, peer), ...load });
  return bytes / seconds / MEGABYTE;
}

function hotBlob({ upstream: { blobImage } }: Bench, peer: RunningPeer): { url: string; file: string } {
  const { digest, file } = layerOf(blobImage);
  return { url: `${peer.base}${blobImage.repository}/blobs/${digest}`, file };
}

function sizeText({ upstream: { blobImage } }: Bench): string {
  const mebibytes = layerOf(blobImage).sizeBytes / MEBIBYTE;
  return mebibytes >= 1024 ? `${mebibytes / 1024} GiB` : `${mebibytes} MiB`;
}
