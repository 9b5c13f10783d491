import { describe, expect, test } from 'vitest';
import { findSpan, formatAgo, formatAhead } from '../../src/terminal/time-spans.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;

describe('spans of time', () => {
  test.each([
    [SECOND, '1 second'],
    [59_999, '59 seconds'],
    [60 * SECOND, '1 minute'],
    [119 * 60 * SECOND, '119 minutes'],
    [2 * HOUR, '2 hours'],
    [47 * HOUR, '47 hours'],
    [2 * DAY, '2 days'],
    [20 * DAY, '2 weeks'],
    [100 * DAY, '3 months'],
    [800 * DAY, '2 years'],
  ])('%i ms are %s', (ms, text) => {
    expect(findSpan(ms)).toBe(text);
  });

  test('are ago or ahead, and a clock that was set makes them now', () => {
    expect(formatAgo(0, 2 * HOUR)).toBe('2 hours ago');
    expect(formatAgo(2 * HOUR, 0)).toBe('now');
    expect(formatAhead(2 * HOUR, 0)).toBe('in 2 hours');
    expect(formatAhead(0, 2 * HOUR)).toBe('now');
  });
});
