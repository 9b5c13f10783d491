import { expect, it } from 'vitest';
import { createFairSemaphore } from '../../src/upstream/fair-semaphore.ts';

const forEver = new AbortController().signal;
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('admits so many, and then in the order in which they came', async () => {
  const semaphore = createFairSemaphore(2);
  const admitted: number[] = [];
  const enter = async (n: number): Promise<() => void> => {
    const leave = await semaphore.acquire(forEver);
    admitted.push(n);
    return leave;
  };
  const [first, second] = [enter(1), enter(2)];
  const third = enter(3);
  void enter(4);
  await nextTurn();
  expect(admitted).toEqual([1, 2]);
  (await second)();
  await nextTurn();
  expect(admitted).toEqual([1, 2, 3]);
  (await first)();
  (await third)();
  await nextTurn();
  expect(admitted).toEqual([1, 2, 3, 4]);
});

it('a place that is given back twice is one place', async () => {
  const semaphore = createFairSemaphore(1);
  const leave = await semaphore.acquire(forEver);
  leave();
  leave();
  await semaphore.acquire(forEver);
  const abort = new AbortController();
  const second = semaphore.acquire(abort.signal);
  abort.abort(new Error('still waiting'));
  await expect(second).rejects.toThrow('still waiting');
});

it('whoever stops waiting is passed over', async () => {
  const semaphore = createFairSemaphore(1);
  const leave = await semaphore.acquire(forEver);
  const abort = new AbortController();
  const impatient = semaphore.acquire(abort.signal);
  const patient = semaphore.acquire(forEver);
  abort.abort(new Error('left'));
  await expect(impatient).rejects.toThrow('left');
  leave();
  expect(await patient).toBeTypeOf('function');
});

it('more places admit who waits, and fewer wait for who is there', async () => {
  const semaphore = createFairSemaphore(1);
  const leave = await semaphore.acquire(forEver);
  const second = semaphore.acquire(forEver);
  semaphore.resize(2);
  const leaveSecond = await second;
  semaphore.resize(1);
  const third = semaphore.acquire(forEver);
  leave();
  leaveSecond();
  expect(await third).toBeTypeOf('function');
});
