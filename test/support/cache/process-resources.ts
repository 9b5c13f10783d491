import { readdir, readFile } from 'node:fs/promises';
import type { RunningCache } from './running-cache.ts';

/** What a process holds, as the kernel counts it. */
export interface ProcessResources {
  readonly name: string;
  readonly pid: number;
  readonly descriptors: number;
  readonly residentBytes: number;
}

/** Of every process of a cache but the cleaner, which comes and goes with its passes. */
export async function measureProcesses(cache: RunningCache): Promise<ProcessResources[]> {
  const children = (await cache.children()).filter(({ name }) => name !== 'cleaner');
  const processes = [{ name: 'supervisor', pid: cache.pid }, ...children];
  return Promise.all(
    processes.map(async ({ name, pid }) => ({
      name,
      pid,
      descriptors: (await readdir(`/proc/${pid}/fd`)).length,
      residentBytes: await readResidentBytes(pid),
    })),
  );
}

async function readResidentBytes(pid: number): Promise<number> {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kibibytes === undefined) throw new Error(`process ${pid} has no resident memory`);
  return Number(kibibytes) * 1024;
}
