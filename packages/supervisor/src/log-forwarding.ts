import type { Logger } from '@registry-cache/runtime';
import type { Readable } from 'node:stream';
import { createLineSplitter } from './line-splitter.ts';
import type { LogDestination } from './log-destination.ts';

// Longer than any line of ours; what is longer is not one of them.
const MAX_LINE_LENGTH = 64 * 1024;
const MAX_TAIL_LINES = 20;

export interface ForwardingOptions {
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly destination: LogDestination;
  /** For what is not a log line; its fields say which process it came from. */
  readonly log: Logger;
}

export interface Forwarding {
  /** The last lines of standard error: why the process died, as far as it could say so. */
  stderrTail(): readonly string[];
  /** Resolves when both streams have ended and everything was handed over. */
  readonly ended: Promise<void>;
}

/**
 * Passes a child's log lines on, whole and in order, reading no faster than they are taken. What is no log line, such as
 * V8's last words, becomes one.
 */
export function forwardOutput({ stdout, stderr, destination, log }: ForwardingOptions): Forwarding {
  const tail: string[] = [];
  const logText = (stream: string, line: string): void => {
    if (line !== '') log.warn({ stream, line }, 'process output');
  };
  const forwardLines = (lines: readonly string[]): void => {
    let whole = '';
    for (const line of lines) {
      if (isLogLine(line)) whole += `${line}\n`;
      else logText('stdout', line);
    }
    if (whole !== '') destination.write(whole);
  };
  const logLines = (lines: readonly string[]): void => {
    for (const line of lines) logText('stderr', line);
    tail.push(...lines);
    tail.splice(0, tail.length - MAX_TAIL_LINES);
  };
  const ended = Promise.all([
    readLines(stdout, destination, forwardLines),
    readLines(stderr, destination, logLines),
  ]).then(() => undefined);
  return { stderrTail: () => tail, ended };
}

async function readLines(
  source: Readable,
  destination: LogDestination,
  handle: (lines: readonly string[]) => void,
): Promise<void> {
  const splitter = createLineSplitter(MAX_LINE_LENGTH);
  source.setEncoding('utf8');
  try {
    for await (const chunk of source) {
      handle(splitter.push(String(chunk)));
      await destination.drained();
    }
  } finally {
    handle(splitter.end());
  }
}

function isLogLine(line: string): boolean {
  return line.startsWith('{') && line.endsWith('}');
}
