import type { LoggerSettings } from '@registry-cache/config';
import type { ProcessContext, RunningProcess } from '@registry-cache/runtime';
import { createFileStore } from '@registry-cache/store';
import { logPull } from './access-log/log-pull.ts';
import { startEventsServer } from './events-server.ts';
import { createImageAge } from './image-age.ts';
import { createNotifier } from './notifications/notifier.ts';
import { parseEnvelope } from './parse-envelope.ts';
import { parsePulls } from './parse-pulls.ts';
import { isRefused } from './pull.ts';
import { createTouchQueue } from './touch-queue.ts';

/** Receives events until it is closed; what it has taken by then is recorded, and told to those who want to know. */
export async function startLogger(
  initial: LoggerSettings,
  { log, tally }: Pick<ProcessContext, 'log' | 'tally'>,
): Promise<RunningProcess<LoggerSettings>> {
  let settings = initial;
  const store = createFileStore({ rootDirectory: settings.rootDirectory });
  const touches = createTouchQueue({ imageAge: createImageAge(store), log });
  const notifier = createNotifier(settings.notifications, { log, tally });
  const takeEnvelope = (body: string): void => {
    const events = parseEnvelope(body);
    const pulls = parsePulls(events, Date.now());
    notifier.notify(events);
    for (const pull of pulls) {
      if (settings.access !== undefined) logPull(log, pull, settings.access);
      if (!isRefused(pull)) touches.add(pull);
    }
  };
  const server = await startEventsServer({ socketPath: settings.socketPath, takeEnvelope, log });
  return {
    async reload(changed) {
      settings = changed;
      await notifier.update(changed.notifications);
    },
    async close() {
      await server.close();
      await Promise.all([touches.drain(), notifier.close()]);
    },
  };
}
