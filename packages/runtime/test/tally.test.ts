import { expect, test } from 'vitest';
import { METRICS } from '../src/observation/metrics.ts';
import { createTally } from '../src/observation/tally.ts';

test('what is counted is handed over once', () => {
  const tally = createTally();
  tally.add('fills_total', ['quay.io', 'stored']);
  tally.add('fills_total', ['quay.io', 'stored'], 2);
  tally.add('fills_total', ['docker.io', 'failed']);
  expect(tally.take()).toEqual([
    { series: 'fills_total', labels: ['quay.io', 'stored'], by: 3 },
    { series: 'fills_total', labels: ['docker.io', 'failed'], by: 1 },
  ]);
  expect(tally.take()).toEqual([]);
});

test('a measured value is counted in the first bucket that holds it', () => {
  const tally = createTally();
  tally.observe('upstream_duration_seconds', ['quay.io'], 0.005);
  tally.observe('upstream_duration_seconds', ['quay.io'], 0.004, 2);
  tally.observe('upstream_duration_seconds', ['quay.io'], 1e6);
  expect(tally.take()).toEqual([
    { series: 'upstream_duration_seconds_bucket', labels: ['quay.io', '0.005'], by: 3 },
    { series: 'upstream_duration_seconds_sum', labels: ['quay.io'], by: 1e6 + 0.013 },
    { series: 'upstream_duration_seconds_bucket', labels: ['quay.io', '+Inf'], by: 1 },
  ]);
});

test('a metric without labels is one series', () => {
  const tally = createTally();
  tally.add('evicted_bytes_total', [], 7);
  expect(tally.take()).toEqual([{ series: 'evicted_bytes_total', labels: [], by: 7 }]);
});

test('names say what they count, as Prometheus wants them', () => {
  for (const [name, { kind, help, buckets }] of Object.entries(METRICS)) {
    expect(name.endsWith('_total'), name).toBe(kind === 'counter');
    expect(help, name).toMatch(/\.$/);
    expect(buckets !== undefined, name).toBe(kind === 'histogram');
    expect([...(buckets ?? [])].sort((a, b) => a - b)).toEqual(buckets ?? []);
  }
});
