import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { parseObject } from '../run/bench-tools.ts';
import { listProcessTree } from '../run/process-tree.ts';
import { REPOSITORY_ROOT } from '../run/repository-root.ts';
import type { LargeStore } from './cleaner-store.ts';
import { findPeakMegabytes } from './memory-pss.ts';

export interface CleanerPass {
  /** From the command's start to its end. */
  readonly seconds: number;
  /** Of the cleaner's own process. */
  readonly peakMegabytes: number;
}

const POLL_MS = 20;

/** Has `registry-cache clean` evict the tenth that was used longest ago. @throws where it evicted anything else */
export async function evictOldestTenth(
  directory: string,
  root: string,
  store: LargeStore,
): Promise<CleanerPass> {
  const config = join(directory, 'cleaner.yml');
  await writeFile(config, configOf(directory, root, store.sizeWithoutOldestTenthBytes));
  const startedAtMs = performance.now();
  const command = spawn(
    process.execPath,
    [join(REPOSITORY_ROOT, 'packages/cli/bin/registry-cache.js'), 'clean', config, '--output', 'json'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const printed = text(command.stdout);
  const ended = once(command, 'close');
  const peak = watchPeak(command.pid ?? -1);
  const [code] = await ended;
  const seconds = (performance.now() - startedAtMs) / 1000;
  if (code !== 0) throw new Error(`registry-cache clean ended with ${String(code)}`);
  checkReport(parseObject(await printed), store);
  return { seconds, peakMegabytes: await peak };
}

function configOf(directory: string, root: string, maxSizeBytes: number): string {
  return JSON.stringify({
    version: 0.1,
    rundir: join(directory, 'run'),
    storage: { filesystem: { rootdirectory: root } },
    cleaner: { maxsize: `${maxSizeBytes}B`, thresholdpercentage: 0 },
    upstreams: { 'upstream-1.example': {} },
  });
}

/** Reads the kernel's own high-water mark until the process has ended. */
async function watchPeak(commandPid: number): Promise<number> {
  let peak = 0;
  let cleanerPid: number | undefined;
  for (;;) {
    cleanerPid ??= await findCleaner(commandPid);
    if (cleanerPid !== undefined) {
      const now = await findPeakMegabytes(cleanerPid);
      if (now === undefined) return peak;
      peak = Math.max(peak, now);
    } else if ((await listProcessTree(commandPid)).length === 0) return peak;
    await delay(POLL_MS);
  }
}

async function findCleaner(commandPid: number): Promise<number | undefined> {
  for (const { pid } of await listProcessTree(commandPid)) {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (commandLine.includes('packages/cleaner/')) return pid;
  }
  return undefined;
}

function checkReport(report: object, store: LargeStore): void {
  const found = {
    blobsBefore: Reflect.get(report, 'blobsBefore'),
    evicted: Reflect.get(Reflect.get(report, 'evicted'), 'count'),
    usedBytesAfter: Reflect.get(report, 'usedBytesAfter'),
    tags: Reflect.get(Reflect.get(report, 'sweptLinks'), 'tags'),
  };
  const expected = {
    blobsBefore: store.blobs,
    evicted: store.blobs / 10,
    usedBytesAfter: store.sizeWithoutOldestTenthBytes,
    tags: store.imagesOfOldestTenth,
  };
  if (JSON.stringify(found) !== JSON.stringify(expected)) {
    throw new Error(`expected a pass with ${JSON.stringify(expected)}, got ${JSON.stringify(found)}`);
  }
}
