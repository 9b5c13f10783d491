import type { ProxySettings } from '@registry-cache/config';
import { runChildProcess } from '@registry-cache/runtime';
import { startProxy } from './start-proxy.ts';

runChildProcess<ProxySettings>(
  ({ number }) => ({ process: 'proxy', ...(number === undefined ? {} : { number: String(number) }) }),
  (settings, { log, listeningSocket, ...supervisor }) =>
    startProxy(settings, { log, listeningSocket, wake: (socketPath) => supervisor.wake(socketPath) }),
);
