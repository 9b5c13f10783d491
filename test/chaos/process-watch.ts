import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { measureProcesses, type ProcessResources } from '../support/cache/process-resources.ts';
import type { RunningCache } from '../support/cache/running-cache.ts';

/** What a process of the cache holds. */
export interface ProcessState extends ProcessResources {
  /** Files that were removed and are still open. */
  readonly deletedFiles: readonly string[];
}

export async function inspectProcesses(cache: RunningCache): Promise<ProcessState[]> {
  const resources = await measureProcesses(cache);
  return Promise.all(
    resources.map(async (each) => ({ ...each, deletedFiles: await listDeletedFiles(each.pid) })),
  );
}

/** The most that any process of each name holds. */
export function mostByName(states: readonly ProcessState[]): Map<string, ProcessState> {
  const most = new Map<string, ProcessState>();
  for (const state of states) {
    const other = most.get(state.name) ?? state;
    most.set(state.name, {
      ...state,
      descriptors: Math.max(state.descriptors, other.descriptors),
      residentBytes: Math.max(state.residentBytes, other.residentBytes),
      deletedFiles: [...new Set([...state.deletedFiles, ...other.deletedFiles])],
    });
  }
  return most;
}

async function listDeletedFiles(pid: number): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  const targets = await Promise.all(
    // One that was closed meanwhile leads nowhere.
    (await readdir(folder)).map((descriptor) => readlink(join(folder, descriptor)).catch(() => '')),
  );
  return targets.filter((target) => target.startsWith('/') && target.endsWith(' (deleted)'));
}
