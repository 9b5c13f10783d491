import { parseByteSize } from './byte-size.ts';
import { InvalidValueError, quote } from './config-error.ts';
import { text } from './value-parsers.ts';

/**
 * Bytes per second of `20M`, `20M/s`, `1.5GiB/s`: units as of sizes.
 *
 * @throws {InvalidValueError} also for bits, which are eight times less
 */
export function parseByteRate(input: unknown): number {
  const written = text(typeof input === 'number' ? String(input) : input);
  const expected = 'expected bytes per second with a unit, such as 20M or 512K/s';
  if (/bit|bps|[KMGT]i?b(?:\/s)?\s*$/.test(written)) {
    throw new InvalidValueError(`${expected}, got ${quote(written)}: a byte, B, is eight bits`);
  }
  const bytesPerSecond = sizeOf(written.replace(/\s*\/\s*s\s*$/, ''));
  if (bytesPerSecond === undefined || bytesPerSecond < 1) {
    throw new InvalidValueError(`${expected}, got ${quote(written)}`);
  }
  return bytesPerSecond;
}

function sizeOf(written: string): number | undefined {
  try {
    return parseByteSize(written);
  } catch (err) {
    if (!(err instanceof InvalidValueError)) throw err;
    return undefined;
  }
}
