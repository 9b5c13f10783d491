import { expect, test } from 'vitest';
import { createOccasional } from '../../src/listener/occasional.ts';

test('what happens all the time is said at once, and then once a minute with how often it was', () => {
  const said: number[] = [];
  let nowMs = 0;
  const happened = createOccasional(
    (times) => said.push(times),
    () => nowMs,
  );
  for (nowMs = 0; nowMs < 150_000; nowMs += 1000) happened();
  expect(said).toEqual([1, 60, 60]);
});
