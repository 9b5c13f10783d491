import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseBenchOptions, USAGE, type BenchOptions } from './options.ts';
import { ALL_MEASURES } from './measures/all-measures.ts';
import { ALL_PEERS } from './peers/all-peers.ts';
import { writeReport } from './report/report.ts';
import { killLeftovers, markProcesses } from './run/end-processes.ts';
import { findCommand } from './run/programs.ts';
import { runBench } from './run-bench.ts';

const EXIT_USAGE = 64;
const EXIT_SIGNAL = 130;
const ROOM_BYTES = 12e9;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let options: BenchOptions;
  try {
    options = parseBenchOptions(args, {
      measures: ALL_MEASURES.map(({ id }) => id),
      peers: ALL_PEERS.map(({ name }) => name),
    });
  } catch (err) {
    process.stderr.write(`${err instanceof Error ? err.message : String(err)}\n${USAGE}\n`);
    return EXIT_USAGE;
  }
  markProcesses();
  const directory = await makeDirectory(options.directory);
  endOnSignals(directory);
  // Rather now than after all the work.
  findCommand('gnuplot');
  try {
    const results = await runBench({ ...options, directory }, { peers: ALL_PEERS, measures: ALL_MEASURES });
    await writeReport(options.output, results);
    process.stderr.write(`wrote ${options.output}\n`);
    return results.measured.some(({ failure }) => failure !== undefined) ? 1 : 0;
  } finally {
    await killLeftovers();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Servers run in process groups of their own, where Ctrl-C does not reach them. */
function endOnSignals(directory: string): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      process.stderr.write(`${signal}: ending what was started\n`);
      void endEverything(directory).finally(() => process.exit(EXIT_SIGNAL));
    });
  }
}

async function endEverything(directory: string): Promise<void> {
  // What is being done goes on meanwhile, and may start something: looked for until there is nothing.
  while ((await killLeftovers()) > 0);
  rmSync(directory, { recursive: true, force: true });
}

async function makeDirectory(parent: string | undefined): Promise<string> {
  const chosen = parent ?? ((await hasRoom('/dev/shm')) ? '/dev/shm' : tmpdir());
  await mkdir(chosen, { recursive: true });
  return mkdtemp(join(chosen, 'bench-'));
}

async function hasRoom(directory: string): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize >= ROOM_BYTES;
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'ENOENT') return false;
    throw err;
  }
}
