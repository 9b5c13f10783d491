import { readdir, readFile } from 'node:fs/promises';

/** One process, as the kernel describes it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parentPid: number;
  /** Of user and system, also of children that it waited for. */
  readonly cpuSeconds: number;
  /** Since boot: together with the pid it names a process for ever. */
  readonly startTicks: number;
}

// What every Linux tells userland, whatever the kernel's own ticks are.
const TICKS_PER_SECOND = 100;

/** A process and all below it. Empty where it has ended. */
export async function listProcessTree(rootPid: number): Promise<ProcessEntry[]> {
  const all = await listProcesses();
  const found = all.filter(({ pid }) => pid === rootPid);
  for (const parent of found) {
    // Grows while it is walked: children of children are found too.
    found.push(...all.filter(({ parentPid }) => parentPid === parent.pid));
  }
  return found;
}

/** What these processes have used until now, in seconds. One that has ended counts nothing. */
export async function readCpuSeconds(pids: readonly number[]): Promise<number> {
  const entries = await Promise.all(pids.map(findProcess));
  return entries.reduce((sum, entry) => sum + (entry?.cpuSeconds ?? 0), 0);
}

export async function listProcesses(): Promise<ProcessEntry[]> {
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger);
  const entries = await Promise.all(pids.map(findProcess));
  return entries.filter((entry) => entry !== undefined);
}

/** Undefined where it has ended. */
export async function findProcess(pid: number): Promise<ProcessEntry | undefined> {
  try {
    return parseStat(pid, await readFile(`/proc/${pid}/stat`, 'utf8'));
  } catch (err) {
    if (hasEnded(err)) return undefined;
    throw err;
  }
}

/**
 * What a line of `/proc/PID/stat` says.
 * @internal
 */
export function parseStat(pid: number, stat: string): ProcessEntry | undefined {
  // The command's name is in parentheses and may have spaces: the fields are counted from behind it.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended, and only waits for its parent to look.
  if (state === 'Z') return undefined;
  const ticks = fields.slice(10, 14).reduce((sum, field) => sum + Number(field), 0);
  return {
    pid,
    parentPid: Number(fields[0]),
    cpuSeconds: ticks / TICKS_PER_SECOND,
    startTicks: Number(fields[18]),
  };
}

/** What reading of a process says that ended meanwhile. */
export function hasEnded(err: unknown): boolean {
  return err instanceof Error && 'code' in err && (err.code === 'ENOENT' || err.code === 'ESRCH');
}
