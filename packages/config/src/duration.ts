import ms from 'ms';
import { InvalidValueError, quote } from './config-error.ts';

/** The longest delay of a timer; one millisecond more, and Node fires it at once and for ever. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;

/** The longest duration that Go can hold: 292 years. */
export const MAX_DURATION_MS: number = Math.floor(2 ** 63 / 1e6);

// Nineteen digits, as many as Go's nanoseconds have.
const NUMBER = '\\d{1,19}(?:\\.\\d{0,6})?|\\.\\d{1,6}';
const UNIT = 'ns|us|µs|μs|ms|s|m|h|d';
const DURATION = new RegExp(`^(?:(?:${NUMBER})(?:${UNIT}))+$`);
const PART = new RegExp(`(${NUMBER})(${UNIT})`, 'g');

// `ms` answers undefined for several parts in one string, and takes '1M' for a minute: it is only asked what a unit is.
const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: ms('1ms'),
  s: ms('1s'),
  m: ms('1m'),
  h: ms('1h'),
  d: ms('1d'),
};

/**
 * Milliseconds of a duration as Go writes them (`1h2m3s`, `1.5h`, `30m`, `500ms`, `0`), and in days (`7d`). What is more
 * than nothing is at least one millisecond.
 *
 * A number without a unit is refused (distribution would read nanoseconds), and so is `1M`, which is a month to some and a
 * minute to others.
 *
 * @throws {InvalidValueError} also when the duration is more than `maxMs`: what a timer can hold, 24 days, unless told
 */
export function parseDuration(text: string, maxMs: number = MAX_TIMER_MS): number {
  const trimmed = text.trim();
  if (trimmed === '0') return 0;
  if (!DURATION.test(trimmed)) {
    throw new InvalidValueError(
      `expected a duration with units, such as 30m, 1.5h or 1h2m3s, got ${quote(text)}`,
    );
  }
  let total = 0;
  for (const [, amount, unit = ''] of trimmed.matchAll(PART))
    total += Number(amount) * (UNIT_MS[unit] ?? NaN);
  if (total > maxMs) {
    const days = Math.floor(maxMs / ms('1d'));
    throw new InvalidValueError(`expected a duration of at most ${days}d, got ${quote(text)}`);
  }
  return total > 0 ? Math.max(1, Math.round(total)) : 0;
}
