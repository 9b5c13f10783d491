import type { WorkerSettings } from '@registry-cache/config';
import { createEventOutlet, createOccupation, openTracing, runChildProcess } from '@registry-cache/runtime';
import { ACCESS_EVENTS_MEDIA_TYPE, createFileStore, type FillFailedEvent } from '@registry-cache/store';
import { fillFailedEvent } from './fill-failed-event.ts';
import { observeWorker } from './observe-worker.ts';
import { createPullThrough } from './pull-through.ts';
import { createStorageAlarm } from './storage-alarm.ts';
import { createUpstreamRegistry } from './upstream/create-upstream-registry.ts';
import { startWorkerServer } from './worker-server.ts';

const fieldsOf = ({ upstream }: WorkerSettings): Record<string, string> => ({
  process: 'worker',
  upstream: upstream.name,
});

runChildProcess<WorkerSettings>(fieldsOf, async (initial, { log, ...supervisor }) => {
  let settings = initial;
  const tracing = await openTracing({ variables: settings.telemetry, fields: fieldsOf(settings), log });
  const occupation = createOccupation({
    idleTimeoutMs: () => settings.idleTimeoutMs,
    onIdle: () => supervisor.reportIdle(),
    now: () => performance.now(),
  });
  const upstream = createUpstreamRegistry({
    upstream: settings.upstream,
    outboundProxy: settings.outboundProxy,
    tracing,
    log,
    tally: supervisor.tally,
  });
  const events = createEventOutlet<FillFailedEvent>({
    socketPath: settings.eventsSocketPath,
    mediaType: ACCESS_EVENTS_MEDIA_TYPE,
    log,
  });
  const pullThrough = createPullThrough({
    upstreamName: settings.upstream.name,
    store: createFileStore({ rootDirectory: settings.rootDirectory }),
    upstream,
    authorization: () => settings.upstream.authorization,
    authorizationTtlMs: () => settings.authorizationTtlMs,
    pseudonym: settings.pseudonym,
    tagTtlMs: () => settings.upstream.tagTtlMs,
    fillSettings: () => settings.fills,
    onStorageError: createStorageAlarm({
      reportDiskFull: () => supervisor.reportDiskFull(),
      log,
      now: () => performance.now(),
    }),
    onFillFailed: (fill) => events.push(() => fillFailedEvent(fill)),
    onWork: () => occupation.begin(),
    tracing,
    tally: supervisor.tally,
    log,
    now: Date.now,
    steadyNow: () => performance.now(),
  });
  const server = await startWorkerServer({
    socketPath: settings.socketPath,
    pullThrough,
    tracing,
    log,
    onRequest: () => occupation.begin(),
  });
  const release = async (): Promise<void> => {
    occupation.close();
    await pullThrough.close();
    await upstream.close();
    await events.close();
    await tracing?.close();
  };
  return {
    async reload(changed) {
      settings = changed;
      upstream.update(changed.upstream);
      pullThrough.forgetClients();
      occupation.restart();
      await events.connect(changed.eventsSocketPath);
    },
    observe: () => observeWorker({ upstreamName: settings.upstream.name, upstream, pullThrough }),
    forget: () => pullThrough.forget(),
    async fallAsleep() {
      // That may take a moment, after which there may be work again.
      await tracing?.flush();
      if (!occupation.isIdle()) return false;
      await server.closeAtOnce();
      await release();
      return true;
    },
    async close() {
      await server.close(settings.drainTimeoutMs);
      await release();
    },
  };
});
