import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { findProcess, hasEnded, listProcesses, listProcessTree, type ProcessEntry } from './process-tree.ts';

/** Every process that a bench starts inherits it, with a value of that bench alone. */
const MARK = 'BENCH_RUN';

const GRACE_MS = 10_000;
const POLL_MS = 20;

/** From here on, what this process starts can be found again, also when its parents have ended. */
export function markProcesses(): void {
  process.env[MARK] = `${process.pid}-${Date.now()}`;
}

/** Asks the first of a tree to end, waits, and kills what is left of the tree. */
export async function endProcessTree(rootPid: number): Promise<void> {
  const tree = await listProcessTree(rootPid);
  sendSignal(rootPid, 'SIGTERM');
  const deadline = Date.now() + GRACE_MS;
  let running = tree;
  while (running.length > 0 && Date.now() < deadline) {
    await delay(POLL_MS);
    running = await stillRunning(running);
    // What outlives the first gets the same chance.
    if (running.length > 0 && running.every(({ pid }) => pid !== rootPid)) {
      for (const { pid } of running) sendSignal(pid, 'SIGTERM');
    }
  }
  for (const { pid } of running) sendSignal(pid, 'SIGKILL');
  while (running.length > 0) {
    await delay(POLL_MS);
    running = await stillRunning(running);
  }
}

/** Kills all that this bench has started and that still runs; how many that were. */
export async function killLeftovers(): Promise<number> {
  const leftovers = await findLeftovers();
  for (const { pid } of leftovers) sendSignal(pid, 'SIGKILL');
  return leftovers.length;
}

async function findLeftovers(): Promise<ProcessEntry[]> {
  const below = (await listProcessTree(process.pid)).filter(({ pid }) => pid !== process.pid);
  const others = (await listProcesses()).filter(({ pid }) => below.every((each) => each.pid !== pid));
  const marked = await Promise.all(others.map(async (entry) => ((await isMarked(entry.pid)) ? [entry] : [])));
  return [...below, ...marked.flat()];
}

async function isMarked(pid: number): Promise<boolean> {
  const mark = process.env[MARK];
  if (mark === undefined || pid === process.pid) return false;
  try {
    return (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0').includes(`${MARK}=${mark}`);
  } catch (err) {
    // Those of other users are none of ours.
    if (hasEnded(err) || (err instanceof Error && 'code' in err && err.code === 'EACCES')) return false;
    throw err;
  }
}

async function stillRunning(entries: readonly ProcessEntry[]): Promise<ProcessEntry[]> {
  const now = await Promise.all(entries.map(({ pid }) => findProcess(pid)));
  return entries.filter((entry, index) => now[index]?.startTicks === entry.startTicks);
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (err) {
    if (!hasEnded(err)) throw err;
  }
}
