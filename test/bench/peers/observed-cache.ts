import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { findFreePort } from '../../support/free-port.ts';
import type { Peer, RunningPeer, StartPeerOptions } from '../measure.ts';
import { registryCache, startRegistryCache } from './registry-cache.ts';

/** This cache with everything on by which it can be watched, and somebody who watches. */
export const observedCache: Peer = {
  name: 'registry-cache-observed',
  title: 'registry-cache, watched',
  version: () => registryCache.version(),
  start,
};

/** This cache with everything off by which it can be watched. */
export const unobservedCache: Peer = {
  ...registryCache,
  start: (options) =>
    startRegistryCache(options, { name: 'registry-cache', template: 'registry-cache-silent.yml' }),
};

const SCRAPE_EVERY_MS = 1000;

async function start(options: StartPeerOptions): Promise<RunningPeer> {
  const sink = await startSink();
  const debugPort = await findFreePort();
  try {
    const peer = await startRegistryCache(options, {
      name: 'registry-cache-observed',
      template: 'registry-cache-observed.yml',
      values: { DEBUG_PORT: debugPort, SINK_URL: sink.url },
      environment: { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url },
      probes: [`http://127.0.0.1:${debugPort}/metrics`],
    });
    const scraping = setInterval(() => void scrape(debugPort), SCRAPE_EVERY_MS);
    return {
      ...peer,
      close: async () => {
        clearInterval(scraping);
        await peer.close();
        await sink.close();
      },
    };
  } catch (err) {
    await sink.close();
    throw err;
  }
}

/** As Prometheus would; what it reads is not measured. */
async function scrape(port: number): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined);
  await answer?.arrayBuffer().catch(() => undefined);
}

/** Takes notifications and traces, and forgets them. */
async function startSink(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    request.resume().once('end', () => response.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
