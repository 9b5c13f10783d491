import type { LoggerSettings } from '@registry-cache/config';
import type { Logger, RunningProcess } from '@registry-cache/runtime';
import { createFileStore } from '@registry-cache/store';
import { startEventsServer } from './events-server.ts';
import { createImageAge } from './image-age.ts';
import { logPull } from './log-pull.ts';
import { isRefused } from './pull.ts';
import { createTouchQueue } from './touch-queue.ts';

/** Receives access events until it is closed; what it has taken by then is recorded. */
export async function startLogger(
  settings: LoggerSettings,
  log: Logger,
): Promise<RunningProcess<LoggerSettings>> {
  const store = createFileStore({ rootDirectory: settings.rootDirectory });
  const touches = createTouchQueue({ imageAge: createImageAge(store), log });
  const server = await startEventsServer({
    socketPath: settings.socketPath,
    log,
    now: Date.now,
    onPull: (pull) => {
      logPull(log, pull);
      if (!isRefused(pull)) touches.add(pull);
    },
  });
  return {
    async close() {
      await server.close();
      await touches.drain();
    },
  };
}
