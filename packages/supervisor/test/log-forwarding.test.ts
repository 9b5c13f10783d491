import { execaNode } from 'execa';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test, vi } from 'vitest';
import type { LogDestination } from '../src/log-destination.ts';
import { forwardOutput, type Forwarding } from '../src/log-forwarding.ts';
import { createLogFile, type LogFile } from './support/log-file.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { until } from './support/until.ts';

vi.setConfig({ testTimeout: 30_000 });

function forward({ destination, log }: LogFile): {
  stdout: PassThrough;
  stderr: PassThrough;
  output: Forwarding;
} {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  return { stdout, stderr, output: forwardOutput({ stdout, stderr, destination, log }) };
}

test('log lines pass as they are, and in order, whoever else writes', async () => {
  const folder = await temporaryFolder();
  const script = join(folder, 'chatty.mjs');
  const count = 20_000;
  await writeFile(
    script,
    `const pad = 'ü'.repeat(100);
     let text = '';
     for (let n = 0; n < ${count}; n += 1) text += JSON.stringify({ from: process.argv[2], n, pad }) + '\\n';
     process.stdout.write(text);`,
  );
  const file = createLogFile(folder);
  const children = ['a', 'b'].map((name) => {
    const child = execaNode(script, [name], { buffer: false, ipc: false, nodeOptions: [] });
    const { stdout, stderr } = child;
    const output = forwardOutput({ stdout, stderr, destination: file.destination, log: file.log });
    return Promise.all([child, output.ended]);
  });
  await Promise.all(children);
  const lines = await until('all lines are there', () => {
    const all = file.lines();
    return all.length >= 2 * count && all;
  });
  for (const name of ['a', 'b']) {
    const numbers = lines.filter(({ from }) => from === name).map(({ n }) => n);
    expect(numbers).toEqual(Array.from({ length: count }, (_, n) => n));
  }
});

test('a character that is cut in two by a chunk stays whole', async () => {
  const file = createLogFile(await temporaryFolder());
  const { stdout, stderr, output } = forward(file);
  const bytes = Buffer.from('{"a":"é"}\n');
  const cut = bytes.indexOf(0xc3) + 1;
  stdout.write(bytes.subarray(0, cut));
  await new Promise((resolve) => setImmediate(resolve));
  stdout.end(bytes.subarray(cut));
  stderr.end();
  await output.ended;
  await until('it is written', () => file.text() === '{"a":"é"}\n');
});

test('what is no log line becomes one, and the last lines of standard error are kept', async () => {
  const file = createLogFile(await temporaryFolder());
  const { stdout, stderr, output } = forward(file);
  stdout.end('plain text\n');
  stderr.end(Array.from({ length: 30 }, (_, n) => `line ${n}`).join('\n'));
  await output.ended;
  expect(output.stderrTail()).toEqual(Array.from({ length: 20 }, (_, n) => `line ${n + 10}`));
  const lines = await until('all are written', () => file.lines().length === 31 && file.lines());
  expect(lines).toContainEqual(
    expect.objectContaining({ process: 'supervisor', stream: 'stdout', line: 'plain text' }),
  );
  expect(lines).toContainEqual(expect.objectContaining({ stream: 'stderr', line: 'line 29' }));
});

test('nothing is read while nobody takes what was read', async () => {
  const written: string[] = [];
  let makeRoom = (): void => {};
  const destination: LogDestination = {
    write: (lines) => void written.push(lines),
    drained: () => new Promise((resolve) => (makeRoom = resolve)),
    flush: (callback) => callback?.(),
  };
  const { log } = createLogFile(await temporaryFolder());
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const output = forwardOutput({ stdout, stderr, destination, log });
  stderr.end();
  stdout.write('{"n":1}\n');
  await until('the first is written', () => written.length === 1);
  let sent = 1;
  while (stdout.write(`{"n":${(sent += 1)}}\n`));
  await new Promise((resolve) => setImmediate(resolve));
  expect(written.length).toBe(1);
  stdout.end();
  await until('the rest is written', () => {
    makeRoom();
    return written.join('').trim().split('\n').length === sent;
  });
  makeRoom();
  await output.ended;
});
