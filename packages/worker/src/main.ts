import type { WorkerSettings } from '@registry-cache/config';
import { runChildProcess } from '@registry-cache/runtime';
import { createFileStore } from '@registry-cache/store';
import { createPullThrough } from './pull-through.ts';
import { createStorageAlarm } from './storage-alarm.ts';
import { createUpstreamRegistry } from './upstream/create-upstream-registry.ts';
import { startWorkerServer } from './worker-server.ts';

runChildProcess<WorkerSettings>(
  ({ upstream }) => ({ process: 'worker', upstream: upstream.name }),
  async (initial, { log, ...supervisor }) => {
    let settings = initial;
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
      log,
      now: Date.now,
      steadyNow: () => performance.now(),
    });
    const server = await startWorkerServer({ socketPath: settings.socketPath, pullThrough, log });
    return {
      reload(changed) {
        settings = changed;
        upstream.update(changed.upstream);
        pullThrough.forgetClients();
      },
      async close() {
        await server.close(settings.drainTimeoutMs);
        await pullThrough.close();
        await upstream.close();
      },
    };
  },
);
