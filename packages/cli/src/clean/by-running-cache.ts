import type { Settings } from '@registry-cache/config';
import { ControlError, createControlClient, type ControlClient, type Status } from '@registry-cache/control';
import type { CleanReport } from '@registry-cache/store/maintenance';
import { explainControlError } from '../control/open-control.ts';

/**
 * One pass of the cleaner of a running cache, so that its metrics and whoever it notifies know of it. Undefined where none answers, or where the
 * one that does has other limits than were asked for.
 *
 * @param settings what was asked for; undefined takes the cache's own
 * @throws {CommandFailure}
 */
export async function cleanByRunningCache(
  socketPath: string,
  settings: Settings | undefined,
  dryRun: boolean,
): Promise<CleanReport | undefined> {
  const control = createControlClient({ socketPath, signal: new AbortController().signal });
  try {
    if (settings !== undefined && !(await servesBy(control, settings))) return undefined;
    return await control.ask<CleanReport>('POST', '/api/v1/clean', { dryRun });
  } catch (err) {
    if (err instanceof ControlError && err.code === 'NOT_SERVING' && settings !== undefined) return undefined;
    return explainControlError(err);
  }
}

/** It may have been started with other environment variables and options than this command. */
async function servesBy(control: ControlClient, { cleaner, storage }: Settings): Promise<boolean> {
  const { dataDirectory, disk } = await control.ask<Status>('GET', '/api/v1/status');
  const { maxSizeBytes, thresholdPercentage } = cleaner;
  const thresholdBytes = maxSizeBytes * (1 + thresholdPercentage / 100);
  return (
    dataDirectory === storage.rootDirectory &&
    disk.maxSizeBytes === maxSizeBytes &&
    Math.abs(disk.thresholdBytes - thresholdBytes) < 1
  );
}
