import { shortDigest } from '../terminal/digests.ts';
import type { Style, Terminal } from '../terminal/terminal.ts';
import type { LogEntry } from './entry.ts';
import type { LogLevelName } from './levels.ts';

const STYLES: Readonly<Record<LogLevelName, Style>> = {
  trace: 'dim',
  debug: 'dim',
  info: 'green',
  warn: 'yellow',
  error: 'red',
  fatal: 'red',
};

const LEVEL_WIDTH = 5;

/**
 * `2026-11-21 21:10:11.123  warn   worker quay.io  fill failed  digest=sha256:… bytes=12`, in local time, and what has caused it on lines
 * below.
 */
export function formatEntry(entry: LogEntry, terminal: Terminal): string[] {
  const { atMs, level, process, message, fields } = entry;
  const { err, ...others } = fields;
  const pairs = Object.entries(others).map(
    ([key, value]) => `${terminal.style('dim', `${key}=`)}${formatValue(value, terminal)}`,
  );
  const line = [
    terminal.style('dim', formatTime(atMs)),
    terminal.style(STYLES[level], level.padEnd(LEVEL_WIDTH)),
    terminal.style('cyan', process),
    terminal.style('bold', cleanLine(message)),
    ...(pairs.length === 0 ? [] : [pairs.join(' ')]),
  ];
  return [line.join('  '), ...formatError(err).map((cause) => `    ${cause}`)];
}

/** `2026-11-21 21:10:11.123`, as the clock on the wall here. */
function formatTime(atMs: number): string {
  const date = new Date(atMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** On a terminal a digest is cut: whoever needs all of it takes the log from a pipe. */
function formatValue(value: unknown, { isInteractive }: Terminal): string {
  const whole = typeof value === 'string' ? value : JSON.stringify(value);
  const text = isInteractive ? whole.replaceAll(/sha256:[0-9a-f]{64}/g, shortDigest) : whole;
  return /^[^\s"=]+$/.test(text) ? cleanLine(text) : JSON.stringify(cleanLine(text));
}

/** An error's own message says what its causes were; a stack is for those who read the JSON. */
function formatError(err: unknown): string[] {
  if (typeof err === 'string') return [cleanLine(err)];
  if (typeof err !== 'object' || err === null || !('message' in err)) return [];
  const code = 'code' in err && typeof err.code === 'string' ? ` (${err.code})` : '';
  return [`${cleanLine(String(err.message))}${code}`];
}

/** A log may quote strangers: what they send is not to move the cursor. */
function cleanLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}
