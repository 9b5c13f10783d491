import { availableParallelism } from 'node:os';
import { readFile } from 'node:fs/promises';

const CGROUP_LIMIT = '/sys/fs/cgroup/cpu.max';
const FEWEST_CORES_TO_SHARE = 4;
const MAX_BY_DEFAULT = 8;

/** How many proxy processes share the port unless told: one up to three cores, then half as many as there are cores, at most eight. */
export async function defaultProxyProcesses(): Promise<number> {
  return proxyProcessesOf(Math.min(availableParallelism(), await readCgroupCores(CGROUP_LIMIT)));
}

/** @internal */
export function proxyProcessesOf(cores: number): number {
  return cores < FEWEST_CORES_TO_SHARE ? 1 : Math.min(Math.floor(cores / 2), MAX_BY_DEFAULT);
}

/**
 * What a container may use of the machine's cores, which Node does not look at: `200000 100000` in the file is two of them.
 *
 * @internal
 */
export async function readCgroupCores(path: string): Promise<number> {
  // Version 1 of cgroups, systems without them, and no leave to look.
  const limit = await readFile(path, 'utf8').catch(() => '');
  const [, quota, period] = /^(\d+) (\d+)\s*$/.exec(limit) ?? [];
  return quota === undefined ? Number.POSITIVE_INFINITY : Number(quota) / Number(period);
}
