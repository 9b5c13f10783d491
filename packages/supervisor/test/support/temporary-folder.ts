import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** `onTestFinished`, or `afterAll` for what the tests of a file share; the latest runs first. */
export type AtEnd = (end: () => Promise<void>) => void;

/** A folder that goes with the test, or with what else `atEnd` waits for. */
export async function temporaryFolder(atEnd: AtEnd = onTestFinished): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'supervisor-'));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
