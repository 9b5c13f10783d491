import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { unlessAbsent } from '../absence.ts';
import { layoutOf } from '../layout.ts';

/** Pins that operators set by command. They survive everything but a new data directory. */
export interface PinFile {
  /** In the order in which they were added. @throws {InvalidPinFileError}, and where the file is there and cannot be read */
  read(): Promise<string[]>;
  /** True unless it was there. The pattern is not checked. */
  add(pattern: string): Promise<boolean>;
  /** True where it was there. */
  remove(pattern: string): Promise<boolean>;
}

/** The file was changed by hand and holds no pins: the message says which file, and what is expected. */
export class InvalidPinFileError extends Error {
  override readonly name = 'InvalidPinFileError';
}

/** One process writes; any may read. */
export function createPinFile(rootDirectory: string): PinFile {
  const path = layoutOf(rootDirectory).pins;
  let queue: Promise<unknown> = Promise.resolve();

  /** One change at a time, so that none is lost. */
  function change(next: (pins: readonly string[]) => readonly string[]): Promise<boolean> {
    const changed = queue.then(async () => {
      const before = await readPins(path);
      const after = next(before);
      if (after.length === before.length) return false;
      await writePins(path, after);
      return true;
    });
    queue = changed.catch(() => {});
    return changed;
  }

  return {
    read: () => readPins(path),
    add: (pattern) => change((pins) => (pins.includes(pattern) ? pins : [...pins, pattern])),
    remove: (pattern) => change((pins) => pins.filter((pin) => pin !== pattern)),
  };
}

async function readPins(path: string): Promise<string[]> {
  const text = await unlessAbsent(readFile(path, 'utf8'));
  if (text === undefined) return [];
  const pins = findPins(text);
  if (pins === undefined) {
    throw new InvalidPinFileError(
      `the file of pins ${path} holds something else: expected {"pins":["quay.io/org/**"]}; correct it, or remove it to begin without pins`,
    );
  }
  return pins;
}

function findPins(text: string): string[] | undefined {
  try {
    const { pins } = JSON.parse(text) as { readonly pins?: unknown };
    if (Array.isArray(pins) && pins.every((pin) => typeof pin === 'string')) return pins;
  } catch {
    // The caller says what is expected.
  }
  return undefined;
}

async function writePins(path: string, pins: readonly string[]): Promise<void> {
  const temporaryPath = `${path}.${randomUUID()}`;
  await mkdir(dirname(path), { recursive: true });
  try {
    const file = await open(temporaryPath, 'wx');
    try {
      await file.writeFile(`${JSON.stringify({ pins }, null, 2)}\n`);
      // After a power cut the file must not be empty: what it names would be evicted.
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(temporaryPath, path);
  } catch (error) {
    await rm(temporaryPath, { force: true });
    throw error;
  }
}
