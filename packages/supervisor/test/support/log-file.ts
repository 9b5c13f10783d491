import { createLog, type Logger } from '@registry-cache/runtime';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLogDestination, type LogDestination } from '../../src/log-destination.ts';

export type LogLine = Readonly<Record<string, unknown>>;

export interface LogFile {
  readonly destination: LogDestination;
  readonly log: Logger;
  text(): string;
  lines(): LogLine[];
}

export function createLogFile(folder: string): LogFile {
  const path = join(folder, 'log');
  const destination = createLogDestination(openSync(path, 'a'));
  const text = (): string => readFileSync(path, 'utf8');
  return {
    destination,
    log: createLog({ level: 'debug', fields: { process: 'supervisor' }, destination }),
    text,
    // The last piece is empty, or a line that is being written.
    lines: () =>
      text()
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as LogLine),
  };
}
