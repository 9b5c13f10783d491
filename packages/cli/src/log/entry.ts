import { findLevel, type LogLevelName } from './levels.ts';

/** A line of the log. */
export interface LogEntry {
  readonly atMs: number;
  readonly level: LogLevelName;
  /** `worker quay.io`, `proxy 2`, `supervisor` */
  readonly process: string;
  readonly message: string;
  /** Whatever else it says, in its order. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Undefined for a line that is none of the log: it is for people already. */
export function findEntry(line: string): LogEntry | undefined {
  const parsed = parseObject(line);
  if (parsed === undefined) return undefined;
  const { time, level: levelName, msg, process, upstream, number, ...fields } = parsed;
  const level = findLevel(levelName);
  const atMs = typeof time === 'string' ? Date.parse(time) : Number(time);
  if (level === undefined || Number.isNaN(atMs)) return undefined;
  // Of several proxies, each says which it is.
  const names = [process, upstream, number].filter((name) => typeof name === 'string');
  return { atMs, level, process: names.join(' '), message: typeof msg === 'string' ? msg : '', fields };
}

function parseObject(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    // What begins like this is an object.
    return JSON.parse(line) as Record<string, unknown>;
  } catch (err) {
    if (err instanceof SyntaxError) return undefined;
    throw err;
  }
}
