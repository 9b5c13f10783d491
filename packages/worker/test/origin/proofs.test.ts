import { expect, test } from 'vitest';
import { createProofs } from '../../src/origin/proofs.ts';

const TTL_MS = 1000;

/** With a clock that the test sets, and questions that it answers. */
function fixture(): {
  readonly proofs: ReturnType<typeof createProofs>;
  readonly clock: { nowMs: number };
  readonly answers: (() => void)[];
  readonly obtain: () => Promise<void>;
} {
  const clock = { nowMs: 0 };
  const answers: (() => void)[] = [];
  const proofs = createProofs({ ttlMs: () => TTL_MS, now: () => clock.nowMs });
  const ask = (): Promise<string> =>
    new Promise((resolve) => void answers.push(() => resolve('the subject')));
  return { proofs, clock, answers, obtain: () => proofs.obtain('a question', ask) };
}

test('a proof counts from when it was asked for, not from its answer', async () => {
  const { proofs, clock, answers, obtain } = fixture();
  const obtained = obtain();
  clock.nowMs = TTL_MS - 1;
  answers[0]?.();
  await obtained;
  expect(proofs.holds('the subject')).toBe(true);
  clock.nowMs = TTL_MS;
  expect(proofs.holds('the subject')).toBe(false);
});

test('the answer to a question from longer ago than a proof counts is nobody else’s', async () => {
  const { clock, answers, obtain } = fixture();
  const first = obtain();
  clock.nowMs = TTL_MS - 1;
  const joined = obtain();
  expect(answers).toHaveLength(1);
  clock.nowMs = TTL_MS;
  const late = obtain();
  expect(answers).toHaveLength(2);
  answers[0]?.();
  await Promise.all([first, joined]);
  // The end of the first question does not take the place of the second from it.
  const joinedLate = obtain();
  expect(answers).toHaveLength(2);
  answers[1]?.();
  await Promise.all([late, joinedLate]);
});

test('what was asked before everything was forgotten proves nothing', async () => {
  const { proofs, answers, obtain } = fixture();
  const obtained = obtain();
  proofs.forget();
  answers[0]?.();
  await obtained;
  expect(proofs.holds('the subject')).toBe(false);
});
