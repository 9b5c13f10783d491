import { describe, expect, test } from 'vitest';
import { formatBytes, formatDuration } from '../../src/terminal/quantities.ts';

describe('bytes', () => {
  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1_572_864, '1.5 MiB'],
    [10 * 1024 ** 3, '10.0 GiB'],
    [5000 * 1024 ** 4, '5000.0 TiB'],
  ])('%i bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe('durations', () => {
  test.each([
    [0.84, '0.8 ms'],
    [42.4, '42 ms'],
    [0, '0 s'],
    [1250, '1.3 s'],
    [60_000, '1 min'],
    [5_400_000, '1.5 h'],
  ])('%f ms are %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
