import { expect, test } from 'vitest';
import { createRecentMaximum } from '../../src/observation/recent-maximum.ts';

test('it is the largest of the last minute, whoever has asked meanwhile', () => {
  let now = 0;
  const delays = createRecentMaximum(() => now);
  delays.add('proxy', 0.5);
  now = 30_000;
  delays.add('proxy', 0.1);
  delays.add('proxy', 0.2);
  expect(delays.find('proxy')).toBe(0.5);
  now = 60_001;
  expect(delays.find('proxy')).toBe(0.2);
  now = 90_001;
  expect(delays.find('proxy')).toBeUndefined();
  expect(delays.find('logger')).toBeUndefined();
});

test('a clock that is set back does not keep it for ever', () => {
  let now = 1_000_000;
  const delays = createRecentMaximum(() => now);
  delays.add('proxy', 0.5);
  now = 0;
  expect(delays.find('proxy')).toBeUndefined();
});
