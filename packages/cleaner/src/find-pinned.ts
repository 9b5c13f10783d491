import type { CleanerSettings } from '@registry-cache/config';
import type { Digest } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import type { Layout } from '@registry-cache/store';
import {
  checkPinPattern,
  createPinMatcher,
  findPinnedDigests,
  type PinFile,
} from '@registry-cache/store/images';

export interface FindPinnedOptions {
  readonly layout: Layout;
  readonly settings: CleanerSettings;
  /** Pins that were set by command. */
  readonly pinFile: Pick<PinFile, 'read'>;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * The digests that neither age nor want of room removes.
 *
 * @throws where pins cannot be read: what an operator wants to keep must not go because of that
 */
export async function findPinned(options: FindPinnedOptions): Promise<ReadonlySet<Digest>> {
  const { layout, settings, pinFile, log, signal } = options;
  const patterns = [...new Set([...settings.pins, ...(await pinFile.read())])];
  for (const problem of patterns.map(checkPinPattern)) {
    if (problem !== undefined) log.warn({ problem }, 'a pin keeps nothing');
  }
  return findPinnedDigests(layout, createPinMatcher(patterns), signal);
}
