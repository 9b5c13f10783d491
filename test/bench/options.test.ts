import { expect, test } from 'vitest';
import { parseBenchOptions } from './options.ts';

const known = {
  measures: ['hot-manifests', 'hot-blobs', 'herd'],
  peers: ['registry-cache', 'nginx'],
} as const;

test('a whole run writes the document', () => {
  expect(parseBenchOptions([], known)).toEqual({
    quick: false,
    only: [],
    peers: [],
    output: 'docs/benchmarks.md',
  });
});

test.each([['--quick'], ['--only=herd'], ['--peers=nginx']])(
  'a run with %s leaves the document alone',
  (option) => {
    expect(parseBenchOptions([option], known).output).toBe('.bench-report/benchmarks.md');
  },
);

test('lists are separated by commas', () => {
  const options = parseBenchOptions(['--only', 'hot, herd', '--peers', 'registry-cache,nginx'], known);
  expect(options.only).toEqual(['hot', 'herd']);
  expect(options.peers).toEqual(['registry-cache', 'nginx']);
});

test.each([
  { args: ['--only', 'cold'], message: '--only cold: expected some of hot-manifests, hot-blobs, herd' },
  { args: ['--peers', 'ngin'], message: '--peers ngin: expected some of registry-cache, nginx' },
  { args: ['--fast'], message: '--fast' },
  { args: ['herd'], message: 'herd' },
])('$args is refused', ({ args, message }) => {
  expect(() => parseBenchOptions(args, known)).toThrow(message);
});
