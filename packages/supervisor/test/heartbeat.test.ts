import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startHeartbeat, type Heartbeat } from '../src/heartbeat.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function start(): { heartbeat: Heartbeat; pings: () => number; silences: () => number } {
  const ping = vi.fn();
  const onSilence = vi.fn();
  const heartbeat = startHeartbeat({ everyMs: 10_000, ping, onSilence });
  return { heartbeat, pings: () => ping.mock.calls.length, silences: () => onSilence.mock.calls.length };
}

test('a process that does not answer for a minute is given up, once', () => {
  const { pings, silences } = start();
  vi.advanceTimersByTime(69_999);
  expect([pings(), silences()]).toEqual([6, 0]);
  vi.advanceTimersByTime(600_000);
  expect([pings(), silences()]).toEqual([6, 1]);
});

test('a process that answers late is not given up', () => {
  const { heartbeat, silences } = start();
  for (let minute = 0; minute < 10; minute++) {
    vi.advanceTimersByTime(60_000);
    heartbeat.answered();
  }
  expect(silences()).toBe(0);
  heartbeat.close();
});

test('a closed heartbeat asks nobody', () => {
  const { heartbeat, pings, silences } = start();
  heartbeat.close();
  vi.advanceTimersByTime(600_000);
  expect([pings(), silences()]).toEqual([0, 0]);
});
