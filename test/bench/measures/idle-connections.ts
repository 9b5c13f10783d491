import { setTimeout as delay } from 'node:timers/promises';
import type { PeerRow } from '../goals.ts';
import type { Bench, Goal, Measure, Peer, RunningPeer, Table } from '../measure.ts';
import { numberOf, pullImage } from '../run/bench-tools.ts';
import { describeFailure, withColdPeer } from '../side-by-side.ts';
import { medianOf } from '../statistics.ts';
import { holdClients } from './memory-holder.ts';
import { readPssMegabytes } from './memory-pss.ts';

export const idleConnections: Measure = {
  id: 'idle-connections',
  title: 'Connections that nothing is asked on',
  async run(bench) {
    const connections = bench.quick ? 1000 : 10_000;
    const found: PeerFigures[] = [];
    const peers = bench.quick ? bench.peers.filter(({ name }) => name === 'registry-cache') : bench.peers;
    for (const peer of peers) {
      bench.progress(`${peer.title}: ${connections} connections`);
      found.push({ peer, ...(await findFigures(bench, peer, connections)) });
    }
    return [describeMemory(found, connections), describeLatency(found, connections)];
  },
};

interface Figures {
  readonly kilobytesEach: number;
  readonly latencyMs: number;
}

interface PeerFigures extends Partial<Figures> {
  readonly peer: Peer;
  readonly failure?: string;
}

const MAX_KILOBYTES = 30;
const MAX_LATENCY_MS = 10;
const HOLD_MS = 2000;
const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';

async function findFigures(
  bench: Bench,
  peer: Peer,
  connections: number,
): Promise<Figures | { readonly failure: string }> {
  try {
    return await withColdPeer(bench, peer, (running) => takeFigures(bench, running, connections));
  } catch (err) {
    const failure = describeFailure(err);
    bench.progress(`${peer.title}: ${failure}`);
    return { failure };
  }
}

async function takeFigures({ upstream }: Bench, running: RunningPeer, connections: number): Promise<Figures> {
  const { image } = upstream;
  const base = running.base + image.repository;
  await upstream.shape({ latencyMs: 0, bytesPerSecond: 0 });
  await pullImage({ base, reference: image.tag, directory: image.directory, clients: 1 });
  const url = `${base}/manifests/${image.manifest.digest}`;
  // What a peer takes for its first connections it keeps: only growth by further ones is theirs.
  await hold(url, image.manifest.file, 100, async () => undefined);
  const before = await readPssMegabytes(await running.pids());
  let after = Number.NaN;
  const held = await hold(url, image.manifest.file, connections, async () => {
    after = await readPssMegabytes(await running.pids());
  });
  const refused = numberOf(held, 'refused');
  if (refused > 0) throw new Error(`${refused} of ${connections} connections were refused or closed`);
  return {
    kilobytesEach: ((after - before) * 1000) / connections,
    latencyMs: numberOf(held, 'latencyMs'),
  };
}

async function hold(
  url: string,
  file: string,
  connections: number,
  meanwhile: () => Promise<void>,
): Promise<object> {
  const what = ['--insecure', '--url', url, '--expect', file, '--header', `Accept: ${MANIFEST_TYPE}`];
  const clients = await holdClients('idle', ...what, '--connections', String(connections));
  await delay(HOLD_MS);
  await meanwhile();
  return clients.finish();
}

function describeMemory(found: readonly PeerFigures[], connections: number): Table {
  const rows = rowsOf(found, ({ kilobytesEach }) => kilobytesEach);
  return {
    title: `Memory of each of ${connections.toLocaleString('en-US')} idle TLS connections`,
    unit: 'KB',
    rows,
    goals: ownGoal(rows, `≤ ${MAX_KILOBYTES} KB`, MAX_KILOBYTES),
    note: 'How the PSS of all processes grows, after one request on each connection, by connections.',
  };
}

function describeLatency(found: readonly PeerFigures[], connections: number): Table {
  const rows = rowsOf(found, ({ latencyMs }) => latencyMs);
  return {
    title: `Answers beside ${connections.toLocaleString('en-US')} idle connections`,
    unit: 'ms',
    rows,
    goals: ownGoal(rows, `≤ ${MAX_LATENCY_MS} ms`, MAX_LATENCY_MS),
    note: 'A cached manifest by digest, asked for once more on 200 of them, one after the other: the median.',
  };
}

function rowsOf(
  found: readonly PeerFigures[],
  figure: (figures: PeerFigures) => number | undefined,
): PeerRow[] {
  return found.map((each) => {
    const { title: label, name: peer } = each.peer;
    const value = figure(each);
    if (value !== undefined) return { label, peer, samples: [value] };
    return { label, peer, samples: [], ...(each.failure === undefined ? {} : { failure: each.failure }) };
  });
}

function ownGoal(rows: readonly PeerRow[], text: string, limit: number): Goal[] {
  const ours = rows.find(({ peer }) => peer === 'registry-cache');
  return ours === undefined ? [] : [{ text, value: medianOf(ours.samples), limit, atLeast: false }];
}
