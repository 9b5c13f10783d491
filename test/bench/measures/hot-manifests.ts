import { atLeastTimes, type PeerRow } from '../goals.ts';
import type { Bench, Goal, Measure, RunningPeer, Table } from '../measure.ts';
import { loadManifest } from '../run/bench-tools.ts';
import { startSideBySide, type SideBySide } from '../side-by-side.ts';
import { CONNECTION_COUNTS, drawCurve } from './curve.ts';

export const hotManifests: Measure = {
  id: 'hot-manifests',
  title: 'Manifests that are cached',
  async run(bench) {
    const peers = await startSideBySide(bench, [bench.upstream.image]);
    try {
      return [
        await measureReference(bench, peers, 'tag'),
        await measureReference(bench, peers, 'digest'),
        ...(bench.quick ? [] : [await measureConnections(bench, peers)]),
      ];
    } finally {
      await peers.close();
    }
  },
};

const CONNECTIONS = 16;

type ReferenceKind = 'tag' | 'digest';

async function measureReference(bench: Bench, peers: SideBySide, kind: ReferenceKind): Promise<Table> {
  const seconds = bench.quick ? 0.8 : 1.5;
  const rows = await peers.sample({
    what: `manifest by ${kind}`,
    rounds: bench.quick ? 2 : 5,
    take: (peer) => requestsPerSecond(bench, peer, kind, { connections: CONNECTIONS, seconds }),
  });
  return {
    title: `Hot manifest by ${kind}, ${CONNECTIONS} connections`,
    unit: 'requests/s',
    rows,
    goals: kind === 'tag' ? goalsByTag(rows) : goalsByDigest(rows),
    note:
      `One manifest, asked for again and again on ${CONNECTIONS} TLS connections for ${seconds} s, each answer compared byte by byte. ` +
      'The upstream is 20 ms away.',
  };
}

async function measureConnections(bench: Bench, peers: SideBySide): Promise<Table> {
  return drawCurve({
    title: 'Hot manifest by tag against connections',
    unit: 'requests/s',
    file: 'hot-manifests-by-connections',
    xLabel: 'connections',
    note: 'As above, with one sample of 1 s for each point.',
    counts: CONNECTION_COUNTS,
    sample: (connections) =>
      peers.sample({
        what: `manifest by tag, ${connections} connections`,
        rounds: 1,
        take: (peer) => requestsPerSecond(bench, peer, 'tag', { connections, seconds: 1 }),
      }),
  });
}

async function requestsPerSecond(
  { upstream: { image } }: Bench,
  peer: RunningPeer,
  kind: ReferenceKind,
  load: { readonly connections: number; readonly seconds: number },
): Promise<number> {
  const reference = kind === 'tag' ? image.tag : image.manifest.digest;
  const url = `${peer.base}${image.repository}/manifests/${reference}`;
  const { requests, seconds } = await loadManifest({ ...load, url, file: image.manifest.file });
  return requests / seconds;
}

function goalsByTag(rows: readonly PeerRow[]): Goal[] {
  return [
    ...atLeastTimes(rows, 50, ['seed'], 'seed'),
    ...atLeastTimes(rows, 5, ['distribution'], 'distribution v3'),
    ...atLeastTimes(rows, 5, ['zot'], 'zot'),
    ...atLeastTimes(rows, 1, ['nginx'], 'nginx'),
  ];
}

function goalsByDigest(rows: readonly PeerRow[]): Goal[] {
  return [
    ...atLeastTimes(rows, 15, ['seed'], 'seed'),
    ...atLeastTimes(rows, 3, ['distribution'], 'distribution v3'),
    ...atLeastTimes(rows, 3, ['zot'], 'zot'),
    ...atLeastTimes(rows, 1, ['nginx'], 'nginx'),
  ];
}
