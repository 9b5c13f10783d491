import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseDuration } from '@registry-cache/config';
import type { ControlClient, LogPage } from '@registry-cache/control';
import type { ControlOptions } from '../control/control-options.ts';
import { openControl } from '../control/open-control.ts';
import { findEntry, type LogEntry } from '../log/entry.ts';
import { formatEntry } from '../log/format-entry.ts';
import { isAtLeast, type LogLevelName } from '../log/levels.ts';
import { parseFlag } from '../parse-flag.ts';
import { stopSignal } from '../terminal/stop-signal.ts';

export interface LogsOptions extends ControlOptions {
  readonly follow: boolean;
  /** Only what is no older. */
  readonly sinceMs?: number;
  /** Only what is at least as serious. */
  readonly level?: LogLevelName;
  /** Lines of standard input in place of the running cache's. */
  readonly readsInput: boolean;
}

const POLL_MS = 500;

/** @throws {CommandFailure} */
export function parseSince(text: string): number {
  return parseFlag('--since', text, (each) => parseDuration(each, Number.POSITIVE_INFINITY));
}

/** The log in readable form. */
export async function logs(options: LogsOptions): Promise<void> {
  const signal = stopSignal();
  const lines = options.readsInput
    ? createInterface({ input: process.stdin, signal })
    : readLines(await openControl(options, signal), options.follow, signal);
  const fromMs = options.sinceMs === undefined ? Number.NEGATIVE_INFINITY : Date.now() - options.sinceMs;
  for await (const line of lines) {
    if (signal.aborted) break;
    const entry = findEntry(line);
    if (isWanted(entry, fromMs, options.level)) print(line, entry, options);
  }
  signal.throwIfAborted();
}

async function* readLines(
  control: ControlClient,
  follow: boolean,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let after = 0;
  do {
    const { lines } = await control.ask<LogPage>('GET', `/api/v1/log?after=${after}`);
    for (const { number, line } of lines) {
      yield line;
      after = number;
    }
    if (follow) await sleep(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  } while (follow);
}

/** What is no entry has neither time nor level: it belongs to what was printed before. */
function isWanted(entry: LogEntry | undefined, fromMs: number, level: LogLevelName | undefined): boolean {
  if (entry === undefined) return true;
  return entry.atMs >= fromMs && (level === undefined || isAtLeast(entry.level, level));
}

function print(line: string, entry: LogEntry | undefined, { output, terminal }: LogsOptions): void {
  if (output === 'json' || entry === undefined) terminal.print(line);
  else for (const each of formatEntry(entry, terminal)) terminal.print(each);
}
