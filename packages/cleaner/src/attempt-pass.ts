import type { CleanerProcessSettings } from '@registry-cache/config';
import type { Logger } from '@registry-cache/runtime';
import { layoutOf } from '@registry-cache/store';
import { createPinFile } from '@registry-cache/store/images';
import type { CleanReport } from '@registry-cache/store/maintenance';
import type { runCleanPass } from './clean-pass.ts';
import type { CleanPassOptions } from './clean-steps.ts';
import type { CleanerFigures } from './cleaner-figures.ts';
import { collectGarbage } from './collect-garbage.ts';

/** `stopped`: other settings came, something else had to be done first, or the cleaner ends. */
export type PassResult =
  | { readonly kind: 'done'; readonly report: CleanReport }
  | { readonly kind: 'failed'; readonly err: unknown }
  | { readonly kind: 'stopped' };

export interface AttemptOptions extends Pick<CleanPassOptions, 'onEvicted' | 'onExpired'> {
  readonly settings: CleanerProcessSettings;
  readonly dryRun: boolean;
  readonly figures: CleanerFigures;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Runs a pass, logs its failure, and counts what came of it. Never rejects. */
export async function attemptPass(pass: typeof runCleanPass, options: AttemptOptions): Promise<PassResult> {
  const { settings, figures, ...passOptions } = options;
  const { dryRun, log, signal } = options;
  try {
    const { cleaner, rootDirectory } = settings;
    const report = await pass({
      ...passOptions,
      layout: layoutOf(rootDirectory),
      settings: cleaner,
      pinFile: createPinFile(rootDirectory),
      now: Date.now,
    });
    if (!dryRun) figures.passed(report);
    return { kind: 'done', report };
  } catch (err) {
    if (signal.aborted) return { kind: 'stopped' };
    log.error({ err }, 'cleaning pass failed, the next one tries again');
    if (!dryRun) figures.failed();
    return { kind: 'failed', err };
  } finally {
    collectGarbage();
  }
}
