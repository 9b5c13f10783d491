import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describeMachine, type Machine } from './machine.ts';
import type { Bench, Measure, Peer, Table } from './measure.ts';
import type { BenchOptions } from './options.ts';
import { startUpstream, USUAL_SHAPE, type RunningUpstream } from './upstream.ts';

/** Everything that the report is made of. */
export interface BenchResults {
  readonly quick: boolean;
  readonly machine: Machine;
  readonly peers: readonly { readonly title: string; readonly version: string }[];
  readonly measured: readonly MeasureResult[];
  readonly seconds: number;
}

export interface MeasureResult {
  readonly measure: Measure;
  readonly tables: readonly Table[];
  /** Why the measure did not come to its end. */
  readonly failure?: string;
}

interface Scene {
  readonly options: BenchOptions;
  readonly peers: readonly Peer[];
  readonly directory: string;
  readonly upstream: RunningUpstream;
}

/** Runs the measures one after the other, with their data in the directory. */
export async function runBench(
  options: BenchOptions & { readonly directory: string },
  all: { readonly peers: readonly Peer[]; readonly measures: readonly Measure[] },
): Promise<BenchResults> {
  const started = performance.now();
  const peers = all.peers.filter(({ name }) => options.peers.length === 0 || options.peers.includes(name));
  const measures = all.measures.filter(
    ({ id }) => options.only.length === 0 || options.only.some((name) => id.startsWith(name)),
  );
  const versions = await Promise.all(
    peers.map(async (peer) => ({ title: peer.title, version: await peer.version() })),
  );
  const measured = await runMeasures(measures, { options, peers, directory: options.directory });
  const machine = await describeMachine(options.directory);
  const seconds = (performance.now() - started) / 1000;
  return { quick: options.quick, machine, peers: versions, measured, seconds };
}

async function runMeasures(
  measures: readonly Measure[],
  setting: Omit<Scene, 'upstream'>,
): Promise<MeasureResult[]> {
  progress('making the upstream and its images');
  const upstream = await startUpstream({
    directory: join(setting.directory, 'upstream'),
    quick: setting.options.quick,
  });
  const results: MeasureResult[] = [];
  try {
    for (const measure of measures) results.push(await runMeasure(measure, { ...setting, upstream }));
  } finally {
    await upstream.close();
  }
  return results;
}

async function runMeasure(measure: Measure, scene: Scene): Promise<MeasureResult> {
  const directory = join(scene.directory, measure.id);
  await mkdir(directory);
  await scene.upstream.shape(USUAL_SHAPE);
  const bench: Bench = {
    quick: scene.options.quick,
    upstream: scene.upstream,
    usualShape: USUAL_SHAPE,
    peers: scene.peers,
    directory,
    progress: (text) => {
      progress(`${measure.id}: ${text}`);
    },
  };
  try {
    return { measure, tables: await measure.run(bench) };
  } catch (err) {
    // The others may tell something all the same, after minutes of work.
    const failure = err instanceof Error ? err.message : String(err);
    bench.progress(`failed: ${failure}`);
    return { measure, tables: [], failure };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function progress(text: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
}
