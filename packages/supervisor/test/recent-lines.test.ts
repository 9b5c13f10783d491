import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import type { LogDestination } from '../src/log-destination.ts';
import { createRecentLines } from '../src/recent-lines.ts';

function someDestination(): LogDestination & { readonly written: string[] } {
  const written: string[] = [];
  return {
    written,
    write: (lines) => void written.push(lines),
    drained: () => Promise.resolve(),
    flush: (callback) => callback?.(),
  };
}

test('lines go on to where they should, and those after a number are still known', () => {
  const destination = someDestination();
  const lines = createRecentLines(destination);
  lines.write('{"a":1}\n{"a":2}\n');
  lines.write('{"a":3}\n');
  expect(destination.written).toEqual(['{"a":1}\n{"a":2}\n', '{"a":3}\n']);
  expect(lines.after(0)).toEqual([
    { number: 1, line: '{"a":1}' },
    { number: 2, line: '{"a":2}' },
    { number: 3, line: '{"a":3}' },
  ]);
  expect(lines.after(2)).toEqual([{ number: 3, line: '{"a":3}' }]);
  expect(lines.after(3)).toEqual([]);
  expect(lines.after(99)).toEqual([]);
});

test('old lines are forgotten, and the others keep their numbers', () => {
  const lines = createRecentLines(someDestination());
  for (let line = 1; line <= 2500; line++) lines.write(`${line}\n`);
  const known = lines.after(0);
  expect(known).toHaveLength(2000);
  expect(known[0]).toEqual({ number: 501, line: '501' });
  expect(lines.after(2499)).toEqual([{ number: 2500, line: '2500' }]);
});

test('a warning is still known when thousands of other lines have followed', () => {
  const lines = createRecentLines(someDestination());
  const warning = '{"level":"warn","msg":"upstream is down"}';
  lines.write(`${warning}\n`);
  for (let line = 2; line <= 3000; line++) lines.write(`{"level":"info","line":${line}}\n`);
  const known = lines.after(0);
  expect(known[0]).toEqual({ number: 1, line: warning });
  expect(known.slice(1, 3).map(({ number }) => number)).toEqual([1001, 1002]);
  expect(lines.after(1)[0]?.number).toBe(1001);
});

test('a warning that is recent is told once', () => {
  const lines = createRecentLines(someDestination());
  lines.write('{"level":"error"}\n{"level":"info"}\n');
  expect(lines.after(0).map(({ number }) => number)).toEqual([1, 2]);
});

test('long lines do not fill memory', () => {
  const lines = createRecentLines(someDestination());
  for (let line = 0; line < 100; line++) lines.write(`${'x'.repeat(64 * 1024)}\n`);
  const characters = lines.after(0).reduce((sum, { line }) => sum + line.length, 0);
  expect(characters).toBeLessThanOrEqual(1024 * 1024);
  expect(characters).toBeGreaterThan(512 * 1024);
});

test('a warning keeps nothing in memory of what was logged with it', () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const lines = createRecentLines({ ...someDestination(), write: () => {} });
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let chunk = 0; chunk < 400; chunk++) {
    lines.write(
      `{"level":"warn","chunk":${chunk}}\n${`{"level":"info","msg":"${'x'.repeat(100)}"}\n`.repeat(400)}`,
    );
  }
  collectGarbage();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(4 * 1024 * 1024);
  expect(lines.after(0)[0]?.line).toBe('{"level":"warn","chunk":200}');
});
