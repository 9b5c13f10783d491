import type { ProxySettings } from '@registry-cache/config';
import { runChildProcess } from '@registry-cache/runtime';
import { startProxy } from './start-proxy.ts';

runChildProcess<ProxySettings>(
  () => ({ process: 'proxy' }),
  (settings, { log, ...supervisor }) =>
    startProxy(settings, { log, wake: (socketPath) => supervisor.wake(socketPath) }),
);
