import type { WorkerSettings } from '@registry-cache/config';
import { runChildProcess } from '@registry-cache/runtime';
import { createFileStore } from '@registry-cache/store';
import { createOccupation } from './occupation.ts';
import { createPullThrough } from './pull-through.ts';
import { createStorageAlarm } from './storage-alarm.ts';
import { createUpstreamRegistry } from './upstream/create-upstream-registry.ts';
import { startWorkerServer } from './worker-server.ts';

runChildProcess<WorkerSettings>(
  ({ upstream }) => ({ process: 'worker', upstream: upstream.name }),
  async (initial, { log, ...supervisor }) => {
    let settings = initial;
    const occupation = createOccupation({
      idleTimeoutMs: () => settings.idleTimeoutMs,
      onIdle: () => supervisor.reportIdle(),
      now: () => performance.now(),
    });
    const upstream = createUpstreamRegistry({
      upstream: settings.upstream,
      outboundProxy: settings.outboundProxy,
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
      onWork: () => occupation.begin(),
      log,
      now: Date.now,
      steadyNow: () => performance.now(),
    });
    const server = await startWorkerServer({
      socketPath: settings.socketPath,
      pullThrough,
      log,
      onRequest: () => occupation.begin(),
    });
    const release = async (): Promise<void> => {
      occupation.close();
      await pullThrough.close();
      await upstream.close();
    };
    return {
      reload(changed) {
        settings = changed;
        upstream.update(changed.upstream);
        pullThrough.forgetClients();
        occupation.restart();
      },
      async fallAsleep() {
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
  },
);
