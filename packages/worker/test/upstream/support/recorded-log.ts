import { createLog, type Logger } from '@registry-cache/runtime';

export interface RecordedLog {
  readonly log: Logger;
  /** Messages of level info and above, in order. */
  readonly messages: readonly string[];
  /** The same lines with their fields. */
  readonly entries: readonly Readonly<Record<string, unknown>>[];
}

export function createRecordedLog(): RecordedLog {
  const messages: string[] = [];
  const entries: Record<string, unknown>[] = [];
  const destination = {
    write(line: string) {
      const entry: { msg: string } = JSON.parse(line);
      messages.push(entry.msg);
      entries.push({ ...entry });
    },
  };
  return { log: createLog({ level: 'info', fields: {}, destination }), messages, entries };
}
