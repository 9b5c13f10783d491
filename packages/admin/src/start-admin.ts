import type { AdminSettings } from '@registry-cache/config';
import { createOccupation, type ProcessContext, type RunningProcess } from '@registry-cache/runtime';
import { createHistoryFile, type HistoryFile } from '@registry-cache/store';
import { createPinFile } from '@registry-cache/store/images';
import { createCache, type WatchedCache } from './create-cache.ts';
import { createFaces } from './faces.ts';
import { openHistory, type HistoryRecorder } from './history/history-recorder.ts';
import { watchEachMinute } from './history/watch-each-minute.ts';
import { createDebugListener } from './http/debug-listener.ts';
import { listenOnSocket } from './http/listen-on-socket.ts';
import { createImages } from './images/images.ts';
import { createPins } from './images/pins.ts';
import { createSupervisor } from './observation/ask-supervisor.ts';
import { createObservatory, type Observatory } from './observation/observatory.ts';
import { createWarming } from './warm/create-warming.ts';
import type { Warming } from './warming.ts';

// The supervisor gives it five seconds to end.
const LAST_LOOK_TIMEOUT_MS = 3000;

export type AdminContext = Pick<ProcessContext, 'log' | 'ask' | 'wake' | 'reportIdle'>;

/**
 * Serves operators until it is closed: the control socket, the debug address, and the dashboard's socket. Where nobody but the command
 * line may come, it sleeps between two of its questions; what it has counted by then are its last words, and the first that the next life
 * hears.
 */
export async function startAdmin(
  initial: AdminSettings,
  { reportIdle, ...context }: AdminContext,
): Promise<RunningProcess<AdminSettings>> {
  let settings = initial;
  const { cache, observatory, warming, history, closing } = await createParts(
    initial,
    () => settings,
    context,
  );
  const occupation = createOccupation({
    idleTimeoutMs: () => settings.idleTimeoutMs,
    onIdle: reportIdle,
    now: () => performance.now(),
  });
  const faces = createFaces(cache, {
    settings: () => settings,
    log: context.log,
    now: Date.now,
    closing: closing.signal,
    onRequest: () => occupation.begin(),
  });
  const control = await listenOnSocket(initial.controlSocketPath, faces.control);
  const proxied = await listenOnSocket(initial.dashboardSocketPath, faces.proxied);
  const debug = createDebugListener({ listener: faces.debug, log: context.log });
  await debug.apply(initial.debug);
  const watch = watchEachMinute((signal) => cache.look(signal), Date.now);
  let isAsleep = false;

  const close = async (): Promise<void> => {
    occupation.close();
    closing.abort();
    await watch.close();
    await Promise.all([control.close(), proxied.close(), debug.close(), warming.close()]);
    await history.close();
  };
  return {
    async reload(changed) {
      settings = changed;
      occupation.restart();
      observatory.reload(changed);
      warming.reload(changed);
      await debug.apply(changed.debug);
    },
    observe: () => (isAsleep ? { detail: observatory.remember() } : {}),
    async fallAsleep() {
      // What processes have told a look that is under way, they do not tell the next life.
      await cache.look(AbortSignal.timeout(LAST_LOOK_TIMEOUT_MS)).catch(() => undefined);
      if (!occupation.isIdle()) return false;
      await close();
      isAsleep = true;
      return true;
    },
    close,
  };
}

interface Parts {
  readonly cache: WatchedCache;
  readonly observatory: Observatory;
  readonly warming: Warming;
  readonly history: HistoryRecorder;
  readonly closing: AbortController;
}

/** Everything but who is listened to. */
async function createParts(
  initial: AdminSettings,
  settings: () => AdminSettings,
  { log, ask, wake }: Omit<AdminContext, 'reportIdle'>,
): Promise<Parts> {
  const now = Date.now;
  const closing = new AbortController();
  const common = { settings, log, now, closing: closing.signal };
  const supervisor = createSupervisor(ask);
  const observatory = createObservatory({ ...common, settings: initial, supervisor });
  const openFile = (name: string): HistoryFile => createHistoryFile(initial.rootDirectory, name);
  const beginsAnew = (): boolean => initial.idleTimeoutMs > 0 || observatory.hasFormerLife;
  const history = await openHistory({ openFile, log, now, beginsAnew });
  const warming = createWarming({ settings: initial, log, wake, now });
  const pins = createPins(createPinFile(initial.rootDirectory), () => settings().cleaner.pins);
  const images = createImages({ ...common, observatory, pins });
  const cache = createCache({ ...common, supervisor, observatory, history, images, pins, warming });
  return { cache, observatory, warming, history, closing };
}
