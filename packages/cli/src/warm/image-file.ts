import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { EXIT_FAILURE } from '@registry-cache/runtime';
import { CommandFailure } from '../command-failure.ts';

/**
 * The images that a file names, one on a line; what follows a `#` is a comment. `-` is standard input.
 *
 * @throws {CommandFailure}
 */
export async function readImageFile(path: string): Promise<string[]> {
  return parseImageLines(path === '-' ? await text(process.stdin) : await read(path));
}

/** @internal */
export function parseImageLines(lines: string): string[] {
  return lines
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new CommandFailure(`--file: cannot read ${path}`, { exitCode: EXIT_FAILURE, cause });
  }
}
