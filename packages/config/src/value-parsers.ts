import { parseByteSize } from './byte-size.ts';
import { InvalidValueError, quote } from './config-error.ts';
import { parseDuration } from './duration.ts';

// The kinds of values in config.yml. They throw an InvalidValueError.

/** A text of config.yml with the key that messages call it by. */
export interface KeyedText {
  readonly key: string;
  readonly text: string;
}

/** What a value is, for messages that must not show it. */
export function kindOf(input: unknown): string {
  if (input === undefined || input === null) return 'nothing';
  if (Array.isArray(input)) return 'a list';
  if (input === '') return 'an empty text';
  if (typeof input === 'string') return 'a text';
  return typeof input === 'object' ? 'a map' : `a ${typeof input}`;
}

export function text(input: unknown): string {
  if (typeof input !== 'string' || input.trim() === '') {
    throw new InvalidValueError(`expected a text, got ${kindOf(input)}`);
  }
  return input;
}

export function oneOf<T extends string>(allowed: readonly T[], input: unknown): T {
  const found = allowed.find((candidate) => candidate === input);
  if (found === undefined) {
    const list = new Intl.ListFormat('en', { type: 'disjunction' }).format(allowed);
    throw new InvalidValueError(`expected ${list}, got ${quote(input)}`);
  }
  return found;
}

/** YAML 1.2 reads `yes` and `on` as texts, where distribution's parser reads booleans. */
export function flag(input: unknown): boolean {
  const word = typeof input === 'string' ? input.toLowerCase() : input;
  if (word === true || word === 'true' || word === 'yes' || word === 'on') return true;
  if (word === false || word === 'false' || word === 'no' || word === 'off') return false;
  throw new InvalidValueError(`expected true or false, got ${quote(input)}`);
}

interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** A number, or a text of digits as the environment has it. */
export function number(input: unknown, bounds: Bounds): number {
  // Number('') is 0, and Number('0x10') is 16.
  const isDigits = typeof input === 'string' && /^\d{1,15}(?:\.\d{1,15})?$/.test(input.trim());
  const parsed = isDigits ? Number(input) : input;
  if (typeof parsed !== 'number' || !(parsed >= bounds.min && parsed <= bounds.max)) {
    throw new InvalidValueError(`expected a number from ${bounds.min} to ${bounds.max}, got ${quote(input)}`);
  }
  return parsed;
}

export function wholeNumber(input: unknown, bounds: Bounds): number {
  const parsed = number(input, bounds);
  if (!Number.isInteger(parsed)) throw new InvalidValueError(`expected a whole number, got ${quote(input)}`);
  return parsed;
}

export function listOf<T>(parse: (input: unknown) => T): (input: unknown) => T[] {
  return (input) => {
    if (!Array.isArray(input)) throw new InvalidValueError(`expected a list, got ${kindOf(input)}`);
    return input.map((element) => parse(element));
  };
}

/** A list of texts, or one text of words between spaces. */
export function words(input: unknown): string[] {
  const list = Array.isArray(input) ? listOf(text)(input) : text(input).split(/\s+/);
  return list.filter((word) => word !== '');
}

/** A list of anything, or one text of words between spaces. */
export function entriesOrWords(input: unknown): unknown[] {
  return typeof input === 'string' ? words(input) : listOf((entry) => entry)(input);
}

/** Milliseconds. */
export function duration(input: unknown, minMs = 0): number {
  const ms = parseDuration(typeof input === 'number' ? String(input) : text(input));
  if (ms < minMs) throw new InvalidValueError(`expected at least ${minMs / 1000}s, got ${quote(input)}`);
  return ms;
}

/** Bytes. */
export function maxSize(input: unknown): number {
  const size = parseByteSize(typeof input === 'number' ? String(input) : text(input));
  if (size < 1) throw new InvalidValueError(`expected more than nothing, got ${quote(input)}`);
  return size;
}
