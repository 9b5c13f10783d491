import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench, Goal, Measure, Plot, Row, Table } from '../measure.ts';
import { medianOf } from '../statistics.ts';
import { evictOldestTenth, type CleanerPass } from './cleaner-pass.ts';
import { seedSecondsPerBlob } from './cleaner-seed.ts';
import { writeLargeStore } from './cleaner-store.ts';

export const cleaner: Measure = {
  id: 'cleaner',
  title: 'Making room in a large store',
  async run(bench) {
    const counts = bench.quick ? [10_000, 100_000] : [10_000, 100_000, 1_000_000];
    const passes: Passes[] = [];
    for (const blobs of counts) passes.push({ blobs, taken: await takePasses(bench, blobs) });
    const beside =
      !bench.quick && bench.peers.some(({ name }) => name === 'seed') ? [await compareWithSeed(bench)] : [];
    return [describeSeconds(passes), describePeaks(passes), ...beside];
  },
};

interface Passes {
  readonly blobs: number;
  readonly taken: readonly CleanerPass[];
}

const LARGEST = 1_000_000;
const MAX_SECONDS = 30;
const MAX_PEAK_MEGABYTES = 300;
const SEED_BLOBS = 1000;
const UPSTREAM = 'upstream-1.example';
const HOW =
  'A fifth of the blobs belongs to images with manifests, links and tags, and a tenth of all is evicted by one `registry-cache clean`, ' +
  'with its start, with the sweep of links, and at the low priority that the cleaner has. The files are sparse.';

async function takePasses(bench: Bench, blobs: number): Promise<CleanerPass[]> {
  bench.progress(`writing a store of ${blobs} blobs`);
  return withStore(bench, blobs, async (root, store) => {
    const passes: CleanerPass[] = [];
    const rounds = bench.quick ? 1 : 2;
    for (let round = 0; round < rounds; round += 1) {
      if (round > 0) store.restoreOldestTenth();
      bench.progress(`${blobs} blobs: round ${round + 1} of ${rounds}`);
      passes.push(await evictOldestTenth(bench.directory, root, store));
    }
    return passes;
  });
}

async function withStore<T>(
  bench: Bench,
  blobs: number,
  work: (root: string, store: ReturnType<typeof writeLargeStore>) => Promise<T>,
): Promise<T> {
  const root = join(bench.directory, `store-${blobs}`);
  try {
    return await work(root, writeLargeStore(root, blobs, UPSTREAM));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function compareWithSeed(bench: Bench): Promise<Table> {
  bench.progress(`the seed's cleaner, ${SEED_BLOBS} blobs`);
  const ours = await withStore(bench, SEED_BLOBS, async (root, store) => {
    const { seconds } = await evictOldestTenth(bench.directory, root, store);
    return seconds / (SEED_BLOBS / 10);
  });
  const seeds = await withStore(bench, SEED_BLOBS, seedSecondsPerBlob);
  return {
    title: `Each evicted blob, store of ${SEED_BLOBS} blobs`,
    unit: 's',
    rows: [
      { label: 'registry-cache', samples: [ours] },
      { label: 'seed', samples: [seeds] },
    ],
    goals: [],
    note: 'Of registry-cache, a hundredth of a pass that evicts 100 blobs. The seed looks at everything, removes one blob, waits 2 s and looks again; it was stopped after three.',
  };
}

function describeSeconds(passes: readonly Passes[]): Table {
  const rows = rowsOf(passes, ({ seconds }) => seconds);
  return {
    title: 'One pass that evicts a tenth',
    unit: 's',
    rows,
    goals: [...goalFor(passes, rows, MAX_SECONDS, 's'), ...growthGoals(passes)],
    note: HOW,
    plot: plotOf('cleaner-seconds', passes, ({ seconds }) => seconds),
  };
}

function describePeaks(passes: readonly Passes[]): Table {
  const rows = rowsOf(passes, ({ peakMegabytes }) => peakMegabytes);
  return {
    title: 'Peak memory of the cleaner in that pass',
    unit: 'MB',
    rows,
    goals: goalFor(passes, rows, MAX_PEAK_MEGABYTES, 'MB'),
    note: 'The most that its process ever had resident, as the kernel counts it.',
    plot: plotOf('cleaner-memory', passes, ({ peakMegabytes }) => peakMegabytes),
  };
}

function rowsOf(passes: readonly Passes[], figure: (pass: CleanerPass) => number): Row[] {
  return passes.map(({ blobs, taken }) => ({
    label: `${formatCount(blobs)} blobs`,
    samples: taken.map(figure),
  }));
}

/** Of the largest store, which a quick run does not have. */
function goalFor(passes: readonly Passes[], rows: readonly Row[], limit: number, unit: string): Goal[] {
  const row = rows[passes.findIndex(({ blobs }) => blobs === LARGEST)];
  if (row === undefined) return [];
  const text = `${formatCount(LARGEST)} blobs: ≤ ${limit} ${unit}`;
  return [{ text, value: medianOf(row.samples), limit, atLeast: false }];
}

/** From the second largest store to the largest. */
function growthGoals(passes: readonly Passes[]): Goal[] {
  const [smaller, larger] = passes.slice(-2);
  if (smaller === undefined || larger === undefined) return [];
  const limit = larger.blobs / smaller.blobs;
  const value = secondsOf(larger) / secondsOf(smaller);
  const text = `${limit} × the blobs of ${formatCount(smaller.blobs)}: ≤ ${limit} × the time`;
  return [{ text, value, limit, atLeast: false }];
}

function secondsOf({ taken }: Passes): number {
  return medianOf(taken.map(({ seconds }) => seconds));
}

function plotOf(file: string, passes: readonly Passes[], figure: (pass: CleanerPass) => number): Plot {
  const points = passes.map(({ blobs, taken }) => [blobs, medianOf(taken.map(figure))] as const);
  return { file, xLabel: 'blobs', series: [{ label: 'registry-cache', points }] };
}

function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}
