import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** A line of the cache's log. */
type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

export interface LogLines {
  readonly lines: readonly LogLine[];
  /** Everything that came, for the message of a test that fails. */
  text(): string;
}

export function collectLogLines(...outputs: readonly Readable[]): LogLines {
  const texts: string[] = [];
  const lines: LogLine[] = [];
  for (const output of outputs) {
    createInterface({ input: output }).on('line', (line) => {
      texts.push(line);
      const parsed = findLogLine(line);
      if (parsed !== undefined) lines.push(parsed);
    });
  }
  return { lines, text: () => texts.join('\n') };
}

/** Undefined for output that is no log line, such as a warning of Node's. */
function findLogLine(line: string): LogLine | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === 'object' && parsed !== null && 'msg' in parsed ? (parsed as LogLine) : undefined;
  } catch (err) {
    if (err instanceof SyntaxError) return undefined;
    throw err;
  }
}
