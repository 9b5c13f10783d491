import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createPatientFlight } from '../src/patient-flight.ts';
import { createDeferred } from './upstream/support/deferred.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('work is overdue after the patience, also for who joins later', async () => {
  const flights = createPatientFlight<string>(1000);
  const done = createDeferred<string>();
  const work = vi.fn(() => done.promise);
  const first = flights.run('key', work);
  await vi.advanceTimersByTimeAsync(1000);
  await first.overdue;
  const second = flights.run('key', work);
  await second.overdue;
  done.resolve('done');
  expect(await Promise.all([first.result, second.result])).toEqual(['done', 'done']);
  expect(work).toHaveBeenCalledTimes(1);
});

test('work that is done leaves no timer, and is done again when it is asked for again', async () => {
  const flights = createPatientFlight<string>(1000);
  const work = vi.fn(async () => 'done');
  expect(await flights.run('key', work).result).toBe('done');
  expect(vi.getTimerCount()).toBe(0);
  await flights.run('key', work).result;
  expect(work).toHaveBeenCalledTimes(2);
});
