import { expect, test } from 'vitest';
import { createTurns } from '../../src/warm/turns.ts';

const { signal } = new AbortController();

interface Tasks {
  readonly begun: string[];
  readonly end: Map<string, () => void>;
  readonly task: (name: string) => () => Promise<string>;
}

/** Tasks that end when they are told to, and the order in which they begin. */
function createTasks(): Tasks {
  const begun: string[] = [];
  const end = new Map<string, () => void>();
  return {
    begun,
    end,
    task: (name) => () => {
      begun.push(name);
      return new Promise((resolve) => end.set(name, () => resolve(name)));
    },
  };
}

test('no more begin at a time than may, in the order in which they came', async () => {
  const turns = createTurns(() => 2);
  const { begun, end, task } = createTasks();
  const results = ['a', 'b', 'c', 'd'].map((name) => turns.run(task(name), signal));
  await expect.poll(() => begun).toEqual(['a', 'b']);
  end.get('b')?.();
  await expect.poll(() => begun).toEqual(['a', 'b', 'c']);
  end.get('a')?.();
  await expect.poll(() => begun).toEqual(['a', 'b', 'c', 'd']);
  end.get('c')?.();
  end.get('d')?.();
  expect(await Promise.all(results)).toEqual(['a', 'b', 'c', 'd']);
});

test('whoever leaves before its turn does not wait for it, and takes nobody else’s', async () => {
  const turns = createTurns(() => 1);
  const { begun, end, task } = createTasks();
  const leaving = new AbortController();
  const first = turns.run(task('first'), signal);
  const second = turns.run(task('second'), leaving.signal);
  const third = turns.run(task('third'), signal);
  leaving.abort(new Error('left'));
  await expect(second).rejects.toThrow('left');
  end.get('first')?.();
  expect(await first).toBe('first');
  await expect.poll(() => begun).toEqual(['first', 'third']);
  end.get('third')?.();
  expect(await third).toBe('third');
});

test('a task that fails makes room for the next', async () => {
  const turns = createTurns(() => 1);
  const failed = turns.run(() => Promise.reject(new Error('no')), signal);
  const next = turns.run(async () => 'done', signal);
  await expect(failed).rejects.toThrow('no');
  expect(await next).toBe('done');
});
