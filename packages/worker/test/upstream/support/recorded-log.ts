import { createLog, type Logger } from '@registry-cache/runtime';

export interface RecordedLog {
  readonly log: Logger;
  /** Messages of level info and above, in order. */
  readonly messages: readonly string[];
}

export function createRecordedLog(): RecordedLog {
  const messages: string[] = [];
  const destination = {
    write(line: string) {
      const { msg }: { msg: string } = JSON.parse(line);
      messages.push(msg);
    },
  };
  return { log: createLog({ level: 'info', fields: {}, destination }), messages };
}
