import { expect, test } from 'vitest';
import { socketPath } from '../src/socket-path.ts';

test('a socket carries the name of its process', () => {
  expect(socketPath('/run/cache', 'worker-quay.io')).toBe('/run/cache/worker-quay.io.sock');
});

test('a name too long for the system is replaced by one that is as unique', () => {
  const long = `worker-${'a'.repeat(60)}.${'b'.repeat(60)}`;
  const path = socketPath('/run/cache', long);
  expect(Buffer.byteLength(path)).toBeLessThanOrEqual(103);
  expect(socketPath('/run/cache', long)).toBe(path);
  expect(socketPath('/run/cache', `${long}c`)).not.toBe(path);
});

test('a run directory too long for any socket is refused', () => {
  expect(() => socketPath(`/${'d'.repeat(100)}`, 'logger')).toThrow(/too long for unix sockets/);
});
