import { expect, test } from 'vitest';
import { allOf, createBandwidth } from '../../src/warm/bandwidth.ts';

const { signal } = new AbortController();
const NOBODY_LIVES_SO_LONG = 1e12;

test('without a limit nobody waits', async () => {
  const bandwidth = createBandwidth({ bytesPerSecond: () => undefined });
  await bandwidth.take(NOBODY_LIVES_SO_LONG, signal);
  expect(bandwidth.isLimited()).toBe(false);
});

test('readers share what there is', async () => {
  const startedAt = performance.now();
  const bandwidth = createBandwidth({ bytesPerSecond: () => 10_000 });
  await Promise.all([1, 2, 3, 4].map(() => bandwidth.take(1000, signal)));
  // A tenth of a second is on credit.
  expect(performance.now() - startedAt).toBeGreaterThan(290);
});

test('what a reader that left did not wait for is nobody else’s debt', async () => {
  const bandwidth = createBandwidth({ bytesPerSecond: () => 100 });
  const leaving = new AbortController();
  const first = bandwidth.take(NOBODY_LIVES_SO_LONG, leaving.signal);
  const second = bandwidth.take(NOBODY_LIVES_SO_LONG, leaving.signal);
  const third = bandwidth.take(1, signal);
  leaving.abort(new Error('left'));
  await expect(first).rejects.toThrow('left');
  await expect(second).rejects.toThrow('left');
  await third;
});

test('a limit that is lifted counts for those who wait', async () => {
  let bytesPerSecond: number | undefined = 1;
  const bandwidth = createBandwidth({ bytesPerSecond: () => bytesPerSecond });
  const waiting = bandwidth.take(NOBODY_LIVES_SO_LONG, signal);
  bytesPerSecond = undefined;
  await waiting;
});

test('of two limits both count', async () => {
  const tight = createBandwidth({ bytesPerSecond: () => 1 });
  const wide = createBandwidth({ bytesPerSecond: () => undefined });
  const leaving = new AbortController();
  const waiting = allOf([wide, tight]).take(NOBODY_LIVES_SO_LONG, leaving.signal);
  leaving.abort(new Error('left'));
  await expect(waiting).rejects.toThrow('left');
  expect([allOf([wide, tight]).isLimited(), allOf([wide]).isLimited()]).toEqual([true, false]);
});
