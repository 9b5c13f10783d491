import { randomUUID } from 'node:crypto';
import { appendFile, mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { unlessAbsent } from './absence.ts';
import { layoutOf } from './layout.ts';
import { putInPlace } from './put-in-place.ts';

/** A file of lines that grows at its end. One process uses it. */
export interface HistoryFile {
  /** All whole lines; empty where there is no file. What a crash has left of a last line is cut off. */
  read(): Promise<string[]>;
  /** @param line without a line break */
  append(line: string): Promise<void>;
  /** Replaces all lines in one step. */
  rewrite(lines: readonly string[]): Promise<void>;
}

/** What is remembered of the past beside the store, such as `minutes` and `hours`. */
export function createHistoryFile(rootDirectory: string, name: string): HistoryFile {
  const { history, temporary } = layoutOf(rootDirectory);
  const path = join(history, `${name}.jsonl`);
  return {
    async read() {
      const bytes = await unlessAbsent(readFile(path));
      if (bytes === undefined) return [];
      const wholeBytes = bytes.lastIndexOf('\n') + 1;
      // The next line would be written behind the rest of this one.
      if (wholeBytes < bytes.length) await truncate(path, wholeBytes);
      const lines = bytes.toString('utf8', 0, wholeBytes).split('\n');
      return lines.filter((line) => line !== '');
    },
    async append(line) {
      await mkdir(dirname(path), { recursive: true });
      await appendFile(path, `${line}\n`);
    },
    async rewrite(lines) {
      // The cleaner removes what a process that is killed here leaves behind.
      await mkdir(temporary, { recursive: true });
      const temporaryPath = join(temporary, `${name}.${randomUUID()}`);
      try {
        await writeFile(temporaryPath, lines.map((line) => `${line}\n`).join(''));
        await putInPlace(temporaryPath, path);
      } catch (error) {
        await rm(temporaryPath, { force: true });
        throw error;
      }
    },
  };
}
