import { createLog, type Logger } from '@registry-cache/runtime';

export type LogLine = Readonly<Record<string, unknown>>;

/** A log whose lines stay in memory; `onLine` runs before the process that logged goes on. */
export function createLogLines(onLine: (line: LogLine) => void = () => {}): {
  readonly log: Logger;
  readonly lines: LogLine[];
} {
  const lines: LogLine[] = [];
  const destination = {
    write(text: string): void {
      const line: LogLine = JSON.parse(text);
      lines.push(line);
      onLine(line);
    },
  };
  return { log: createLog({ level: 'debug', fields: {}, destination }), lines };
}
