import type { Digest } from '@registry-cache/oci';
import type { CleanReport } from '@registry-cache/store/maintenance';
import { createAccessOrder } from './access-order.ts';
import {
  evict,
  expireAndMeasure,
  lowerLimit,
  measure,
  sweepDeadLinks,
  sweepIdleFills,
  sweepIdleUploads,
  type CleanPassOptions,
  type Step,
} from './clean-steps.ts';
import { NOTHING_EVICTED } from './evict-least-recently-used.ts';
import { findPinned } from './find-pinned.ts';
import { thresholdBytes } from './threshold.ts';

type NamedSteps = readonly (readonly [name: string, step: Step])[];

// What expires goes first: it may be all the room that is needed. Links come last: they are dead by what went before, and
// uploads are in the folders of repositories that go with them.
const CLEAN: NamedSteps = [
  ['sweep fills', sweepIdleFills],
  ['expire and measure', expireAndMeasure],
  ['evict', evict],
  ['sweep uploads', sweepIdleUploads],
  ['sweep links', sweepDeadLinks],
];

// Only what frees space, and soon: links are small, and the next pass finds them.
const MAKE_ROOM: NamedSteps = [
  ['sweep fills', sweepIdleFills],
  ['measure', measure],
  ['lower the limit', lowerLimit],
  ['evict', evict],
];

/**
 * Cleans the store once. Everything is safe beside running workers and proxies, and beside another pass.
 *
 * @throws the signal's reason when the pass was stopped, and whatever keeps it from reading the store.
 */
export function runCleanPass(options: CleanPassOptions): Promise<CleanReport> {
  return runSteps(CLEAN, options);
}

/** Frees disk space though the store may be within its limit, because the disk is full. @throws as `runCleanPass` does */
export function makeRoom(options: CleanPassOptions): Promise<CleanReport> {
  return runSteps(MAKE_ROOM, options);
}

async function runSteps(steps: NamedSteps, options: CleanPassOptions): Promise<CleanReport> {
  let report = emptyReport(options);
  async function timed<T>(name: string, work: () => Promise<T>): Promise<T> {
    options.signal.throwIfAborted();
    const startedAtMs = performance.now();
    const result = await work();
    const durationMs = Math.round(performance.now() - startedAtMs);
    report = { ...report, steps: [...report.steps, { name, durationMs }] };
    return result;
  }

  const pinned = await timed('find pinned', () => findPinned(options));
  // Most caches have no pins, and then nothing is asked for each of a million blobs.
  const isPinned = pinned.size === 0 ? () => false : (digest: Digest) => pinned.has(digest);
  const stepOptions = { ...options, found: createAccessOrder(isPinned), isPinned };
  for (const [name, step] of steps) {
    await timed(name, async () => {
      report = await step(report, stepOptions);
    });
  }
  return report;
}

function emptyReport({ settings, dryRun }: CleanPassOptions): CleanReport {
  return {
    dryRun,
    maxSizeBytes: settings.maxSizeBytes,
    thresholdBytes: thresholdBytes(settings),
    usedBytesBefore: 0,
    disk: { sizeBytes: 0, freeBytes: 0 },
    usedBytesAfter: 0,
    blobsBefore: 0,
    evicted: NOTHING_EVICTED,
    pinned: { blobs: 0, bytes: 0 },
    oldestAccessMs: undefined,
    sweptFills: { files: 0, bytes: 0 },
    sweptUploads: { folders: 0, bytes: 0 },
    sweptLinks: { layers: 0, revisions: 0, tags: 0 },
    steps: [],
  };
}
