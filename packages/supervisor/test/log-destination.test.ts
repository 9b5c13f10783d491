import { execa } from 'execa';
import { constants, openSync } from 'node:fs';
import { open, readFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { createLogDestination } from '../src/log-destination.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

vi.setConfig({ testTimeout: 30_000 });

test('what was written before a flush is there after it', async () => {
  const path = join(await temporaryFolder(), 'log');
  const destination = createLogDestination(path);
  destination.write('one\n');
  destination.write('two\n');
  await new Promise<void>((resolve) => destination.flush(() => resolve()));
  expect(await readFile(path, 'utf8')).toBe('one\ntwo\n');
});

test('a reader that pauses makes writers wait, and gets everything', async () => {
  const pipe = await makePipe();
  const destination = createLogDestination(pipe.writerFd);
  const line = `${'x'.repeat(999)}\n`;
  let written = 0;
  let waiting = false;
  while (!waiting) {
    destination.write(line);
    written += line.length;
    waiting = !(await isSettled(destination.drained()));
  }
  let read = 0;
  const drained = destination.drained();
  while (read < written) read += (await pipe.reader.read(Buffer.alloc(65_536))).bytesRead;
  await drained;
  expect(read).toBe(written);
  await pipe.reader.close();
});

test('a reader that goes makes nobody wait', async () => {
  const pipe = await makePipe();
  await pipe.reader.close();
  const destination = createLogDestination(pipe.writerFd);
  const line = `${'x'.repeat(100_000)}\n`;
  destination.write(line);
  await destination.drained();
  destination.write(line);
  await destination.drained();
  await promisify(destination.flush.bind(destination))();
});

async function makePipe(): Promise<{ reader: FileHandle; writerFd: number }> {
  const path = join(await temporaryFolder(), 'pipe');
  await execa('mkfifo', [path]);
  // Without O_RDWR, neither end can be opened before the other.
  const reader = await open(path, constants.O_RDWR);
  return { reader, writerFd: openSync(path, constants.O_WRONLY) };
}

/** A pipe with room takes a line at once: one that has not after this long is full. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  return Promise.race([promise.then(() => true), delay(500, false)]);
}
