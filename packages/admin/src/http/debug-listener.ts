import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DebugSettings } from '@registry-cache/config';
import { describePortProblem, type Logger } from '@registry-cache/runtime';
import { closeServer } from './listen-on-socket.ts';
import type { RequestListener } from './router.ts';

/** The plain HTTP address for operators. It comes and goes with the settings, and its want stops nothing else. */
export interface DebugListener {
  /** Listens where the settings say, or nowhere; resolves when that was tried once. */
  apply(settings: DebugSettings | undefined): Promise<void>;
  close(): Promise<void>;
}

export interface DebugListenerOptions {
  readonly listener: RequestListener;
  readonly log: Logger;
  /** How long until a port is tried again that could not be had. */
  readonly retryMs?: number;
}

const RETRY_MS = 10_000;
const LIMITS = { maxHeaderSize: 16 * 1024, headersTimeout: 10_000, requestTimeout: 30_000 };
const MAX_CONNECTIONS = 256;
// Longer than anything here is silent: warming tells every few seconds how far it is.
const SILENCE_MS = 5 * 60_000;

export function createDebugListener(options: DebugListenerOptions): DebugListener {
  let address: Pick<DebugSettings, 'host' | 'port'> | undefined;
  let opened: OpenAddress | undefined;
  const move = async (to: DebugSettings | undefined): Promise<void> => {
    if (to?.host === address?.host && to?.port === address?.port) return;
    address = to;
    await opened?.close();
    opened = to === undefined ? undefined : openAddress(to, options);
    await opened?.tried;
  };
  let moving = Promise.resolve();
  const queue = (to: DebugSettings | undefined): Promise<void> => (moving = moving.then(() => move(to)));
  return { apply: queue, close: () => queue(undefined) };
}

interface OpenAddress {
  readonly tried: Promise<void>;
  close(): Promise<void>;
}

function openAddress(
  { host, port }: DebugSettings,
  { listener, log, retryMs = RETRY_MS }: DebugListenerOptions,
): OpenAddress {
  const closing = new AbortController();
  let server: Server | undefined;
  let reported: string | undefined;
  const attempt = async (): Promise<boolean> => {
    try {
      server = await listen(host, port, listener);
      log.info({ host, port }, 'debug address is served');
      return true;
    } catch (err) {
      const { code } = err as NodeJS.ErrnoException;
      const reason = describePortProblem(code, 'http.debug.addr') ?? String(err);
      if (reason !== reported) {
        log.error({ host, port, reason }, 'debug address cannot be served, it is tried again');
      }
      reported = reason;
      return false;
    }
  };
  const tried = attempt();
  const listening = tried.then(async (done) => {
    while (!done && !closing.signal.aborted) {
      await sleep(retryMs, undefined, { signal: closing.signal, ref: false }).catch(() => {});
      if (closing.signal.aborted) return;
      done = await attempt();
    }
  });
  return {
    tried: tried.then(() => {}),
    async close() {
      closing.abort();
      await listening;
      if (server !== undefined) await closeServer(server);
    },
  };
}

/** @param host empty for every address */
async function listen(host: string, port: number, listener: RequestListener): Promise<Server> {
  const server = createServer(LIMITS, listener);
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(SILENCE_MS);
  server.listen({ port, ...(host === '' ? {} : { host }) });
  await once(server, 'listening');
  return server;
}
