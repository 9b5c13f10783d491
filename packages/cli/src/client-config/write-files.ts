import { EXIT_FAILURE } from '@registry-cache/runtime';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CommandFailure } from '../command-failure.ts';
import type { ClientFile } from './client-config.ts';

/**
 * Writes the files below a folder, and returns their paths. What is there already is somebody's work, and is not replaced.
 *
 * @throws {CommandFailure}
 */
export async function writeClientFiles(files: readonly ClientFile[], folder: string): Promise<string[]> {
  const written: string[] = [];
  for (const { path, content } of files) {
    const target = join(folder, path);
    try {
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, content, { flag: 'wx' });
    } catch (cause) {
      throw new CommandFailure(problemOf(cause, target), {
        exitCode: EXIT_FAILURE,
        problems: written.map((earlier) => `${earlier} was written`),
      });
    }
    written.push(target);
  }
  return written;
}

function problemOf(cause: unknown, target: string): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'EEXIST')
    return `${target} is there already: merge it by hand with what this prints without --write`;
  return `${target} could not be written: ${cause instanceof Error ? cause.message : String(cause)}`;
}
