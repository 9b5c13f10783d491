import type { ProxySettings } from '@registry-cache/config';
import { openTracing, runChildProcess } from '@registry-cache/runtime';
import { startProxy } from './start-proxy.ts';

const fieldsOf = ({ number }: ProxySettings): Record<string, string> => ({
  process: 'proxy',
  ...(number === undefined ? {} : { number: String(number) }),
});

runChildProcess<ProxySettings>(fieldsOf, async (settings, { log, listeningSocket, tally, ...supervisor }) =>
  startProxy(settings, {
    log,
    listeningSocket,
    tally,
    tracing: await openTracing({ variables: settings.telemetry, fields: fieldsOf(settings), log }),
    wake: (socketPath) => supervisor.wake(socketPath),
  }),
);
