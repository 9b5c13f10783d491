import { expect, test } from 'vitest';
import { formatImageBar, formatSummaryBar } from '../../src/warm/format-bars.ts';
import { MIB } from '../support/control-answers.ts';
import { plainTerminal } from '../support/plain-terminal.ts';

const TERMINAL = plainTerminal(100);

test('a bar shows how much of an image is there', () => {
  const bar = { image: 'quay.io/org/app:1.0', bytesDone: 5 * MIB, bytesTotal: 20 * MIB };
  expect(formatImageBar(bar, { nameWidth: 22, columns: 100 }, TERMINAL)).toBe(
    `quay.io/org/app:1.0     ${'━'.repeat(6)}${'─'.repeat(18)}  25 %  5.0 MiB of 20.0 MiB`,
  );
});

test('a bar never takes more than a line, whatever the name and the size', () => {
  const bar = { image: `quay.io/${'x'.repeat(200)}:1.0`, bytesDone: 1023 * MIB, bytesTotal: 1023.9 * MIB };
  expect(formatImageBar(bar, { nameWidth: 212, columns: 80 }, TERMINAL).length).toBeLessThanOrEqual(80);
});

test('until manifests are read nobody knows how much there is', () => {
  const bar = { image: 'a', bytesDone: 0, bytesTotal: 0 };
  expect(formatImageBar(bar, { nameWidth: 1, columns: 80 }, TERMINAL)).toMatch(/ 0 %$/);
});

test('the sum of all grows with what a pattern stands for', () => {
  const counts = { ended: 3, failed: 1, running: 2, asked: 1 };
  expect(formatSummaryBar(counts, TERMINAL)).toBe('warming  3 of 5 images, 1 failed');
});
