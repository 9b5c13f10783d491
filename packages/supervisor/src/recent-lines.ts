import type { LogLine } from '@registry-cache/runtime';
import type { LogDestination } from './log-destination.ts';

/** A destination that still knows the last lines that went there. */
export interface RecentLines extends LogDestination {
  /** Those after this number. */
  after(number: number): readonly LogLine[];
}

interface Bounds {
  readonly lines: number;
  readonly characters: number;
}

// What a few processes with long lines may hold in the first process, which must never grow.
const OF_ALL: Bounds = { lines: 2000, characters: 1024 * 1024 };
/** They are few, and are asked for when thousands of pulls have been logged since. */
const OF_WARNINGS: Bounds = { lines: 200, characters: 128 * 1024 };
const IS_WARNING = /^\{"level":"(?:warn|error|fatal)"/;

export function createRecentLines(destination: LogDestination): RecentLines {
  const all = createRing(OF_ALL);
  const warnings = createRing(OF_WARNINGS);
  let last = 0;

  const keep = (line: string): void => {
    const numbered = { number: (last += 1), line };
    all.push(numbered);
    if (IS_WARNING.test(line)) warnings.push({ ...numbered, line: copyOf(line) });
  };
  return {
    ...destination,
    write(text) {
      for (const line of text.split('\n')) if (line !== '') keep(line);
      destination.write(text);
    },
    after(number) {
      const recent = all.after(number);
      const [oldest] = recent;
      const earlier = warnings
        .after(number)
        .filter((line) => oldest === undefined || line.number < oldest.number);
      return [...earlier, ...recent];
    },
  };
}

/** A piece of a text keeps the whole of it in memory, which here are the lines of all that was logged with a warning. */
function copyOf(line: string): string {
  return Buffer.from(line).toString();
}

interface Ring {
  push(line: LogLine): void;
  after(number: number): readonly LogLine[];
}

function createRing(bounds: Bounds): Ring {
  const lines: LogLine[] = [];
  let characters = 0;
  return {
    push(line) {
      lines.push(line);
      characters += line.line.length;
      while (lines.length > bounds.lines || characters > bounds.characters) {
        characters -= lines.shift()?.line.length ?? 0;
      }
    },
    after: (number) => lines.filter((line) => line.number > number),
  };
}
