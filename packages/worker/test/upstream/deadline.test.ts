import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { orAborted, withDeadline } from '../../src/upstream/deadline.ts';

const never = new Promise<never>(() => {});
const error = (): Error => new Error('too late');

describe('withDeadline', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('aborts work that takes too long', async () => {
    const work = withDeadline({ timeoutMs: 1000, error }, (signal) => orAborted(never, signal));
    const failure = expect(work).rejects.toThrow('too late');
    await vi.advanceTimersByTimeAsync(1000);
    await failure;
  });

  it('aborts work as the caller does', async () => {
    const caller = new AbortController();
    const work = withDeadline({ signal: caller.signal, timeoutMs: 1000, error }, (signal) =>
      orAborted(never, signal),
    );
    const failure = expect(work).rejects.toThrow('not wanted');
    caller.abort(new Error('not wanted'));
    await failure;
  });

  it('lets go of clock and caller when the work is done', async () => {
    const caller = new AbortController();
    const listeners = {
      added: vi.spyOn(caller.signal, 'addEventListener'),
      removed: vi.spyOn(caller.signal, 'removeEventListener'),
    };
    const signal = await withDeadline(
      { signal: caller.signal, timeoutMs: 1000, error },
      async (bounded) => bounded,
    );
    await vi.advanceTimersByTimeAsync(5000);
    caller.abort();
    expect(signal.aborted).toBe(false);
    expect(listeners.removed.mock.calls).toHaveLength(listeners.added.mock.calls.length);
  });

  it('does not wait for a caller who has left before', async () => {
    const gone = AbortSignal.abort(new Error('gone'));
    const work = withDeadline({ signal: gone, timeoutMs: 1000, error }, (signal) => orAborted(never, signal));
    await expect(work).rejects.toThrow('gone');
  });
});

describe('orAborted', () => {
  it('leaves no failure behind that nobody waits for', async () => {
    const work = Promise.reject(new Error('failed later'));
    await expect(orAborted(work, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
  });
});
