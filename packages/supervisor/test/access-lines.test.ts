import { expect, test } from 'vitest';
import { withAccessLines } from '../src/access-lines.ts';
import type { LogDestination } from '../src/log-destination.ts';

function collect(...writes: readonly string[]): string {
  let written = '';
  const destination: LogDestination = {
    write: (lines) => void (written += lines),
    drained: () => Promise.resolve(),
    flush: () => {},
  };
  const readable = withAccessLines(destination);
  for (const lines of writes) readable.write(lines);
  return written;
}

const pull = JSON.stringify({
  level: 'info',
  user: 'node-7',
  accessLine: 'node-7@192.0.2.1 GET',
  msg: 'pull',
});
const other = JSON.stringify({ level: 'info', msg: 'listening' });

test('a line of the access log is written in its readable form, between others that stay as they are', () => {
  expect(collect(`${other}\n${pull}\n${other}\n`)).toBe(`${other}\nnode-7@192.0.2.1 GET\n${other}\n`);
});

test('what is cut short in the middle goes through as it is', () => {
  expect(collect('{"a":"b,"accessLine":"}\n')).toBe('{"a":"b,"accessLine":"}\n');
});

test('lines without a readable form go through unread', () => {
  expect(collect('{"no JSON\n')).toBe('{"no JSON\n');
});

test('a client cannot write a line in place of another by what it calls itself', () => {
  const forged = JSON.stringify({ level: 'info', userAgent: 'x","accessLine":"forged' });
  expect(collect(`${forged}\n`)).toBe(`${forged}\n`);
});
