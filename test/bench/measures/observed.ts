import type { PeerRow } from '../goals.ts';
import type { Bench, Goal, Measure, RunningPeer, Table } from '../measure.ts';
import { observedCache, unobservedCache } from '../peers/observed-cache.ts';
import { loadManifest } from '../run/bench-tools.ts';
import { startSideBySide } from '../side-by-side.ts';
import { medianOf } from '../statistics.ts';

export const observed: Measure = {
  id: 'observed',
  title: 'What it costs to be watched',
  async run(bench) {
    const peers = await startSideBySide({ ...bench, peers: [unobservedCache, observedCache] }, [
      bench.upstream.image,
    ]);
    const seconds = bench.quick ? 0.8 : 1;
    try {
      const rows = await peers.sample({
        what: 'manifest by tag, watched and not',
        rounds: bench.quick ? 6 : 40,
        take: (peer) => requestsPerSecond(bench, peer, seconds),
      });
      return [tableOf(rows, seconds)];
    } finally {
      await peers.close();
    }
  },
};

const CONNECTIONS = 16;
const SHARE_KEPT = 0.95;

async function requestsPerSecond(
  { upstream: { image } }: Bench,
  { base }: RunningPeer,
  seconds: number,
): Promise<number> {
  const url = `${base}${image.repository}/manifests/${image.tag}`;
  const load = { connections: CONNECTIONS, seconds, url, file: image.manifest.file };
  const answered = await loadManifest(load);
  return answered.requests / answered.seconds;
}

function tableOf(rows: readonly PeerRow[], seconds: number): Table {
  return {
    title: `Hot manifest by tag, ${CONNECTIONS} connections, with everything on and everything off`,
    unit: 'requests/s',
    rows,
    goals: goalsOf(rows),
    note:
      `As above, for ${seconds} s each. On: access log, metrics that are asked for every second, dashboard, notifications of pulls to an ` +
      'endpoint, and traces to a collector. Off: none of these.',
  };
}

function goalsOf(rows: readonly PeerRow[]): Goal[] {
  const medianBy = (name: string): number => medianOf(rows.find(({ peer }) => peer === name)?.samples ?? []);
  const value = medianBy('registry-cache-observed') / medianBy('registry-cache');
  return [{ text: `≥ ${SHARE_KEPT} × with everything off`, value, limit: SHARE_KEPT, atLeast: true }];
}
