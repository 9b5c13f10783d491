import { readFile } from 'node:fs/promises';
import { hasEnded } from '../run/process-tree.ts';

/**
 * What these processes take together, in MB of 1,000,000 bytes: pages that several share count once (proportional set size).
 * One that has ended counts nothing.
 */
export async function readPssMegabytes(pids: readonly number[]): Promise<number> {
  const sizes = await Promise.all(pids.map(readPssBytes));
  return sizes.reduce((sum, size) => sum + size, 0) / 1e6;
}

/** The most that a process ever had resident, in MB. Undefined where it has ended. */
export async function findPeakMegabytes(pid: number): Promise<number | undefined> {
  const bytes = await findBytes(`/proc/${pid}/status`, /^VmHWM:\s+(\d+) kB$/m);
  return bytes === undefined ? undefined : bytes / 1e6;
}

async function readPssBytes(pid: number): Promise<number> {
  return (await findBytes(`/proc/${pid}/smaps_rollup`, /^Pss:\s+(\d+) kB$/m)) ?? 0;
}

async function findBytes(file: string, line: RegExp): Promise<number | undefined> {
  try {
    const kibibytes = line.exec(await readFile(file, 'utf8'))?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch (err) {
    if (hasEnded(err)) return undefined;
    throw err;
  }
}
