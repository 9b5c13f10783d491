import type { ProxySettings, ProxyUpstream } from '@registry-cache/config';
import { findUpstreamName } from '@registry-cache/oci';
import { createLog, createTally, type Logger, type Tally } from '@registry-cache/runtime';
import type { AccessEvent, AccessEventEnvelope } from '@registry-cache/store/read';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { startProxy, type RunningProxy, type StartProxyOptions } from '../../src/start-proxy.ts';
import { startWorker } from './worker.ts';

export interface TestProxy {
  readonly proxy: RunningProxy;
  readonly port: number;
  readonly settings: ProxySettings;
  readonly logLines: readonly Record<string, unknown>[];
  readonly socketPath: string;
  readonly tally: Tally;
  /** What the logger has got so far; everything, once the proxy is closed. */
  readonly events: readonly AccessEvent[];
}

/** A proxy on a free port, with `quay.io` and the default `docker.io` behind one and the same worker socket. */
export async function startTestProxy(
  overrides: Partial<ProxySettings> = {},
  options: Partial<StartProxyOptions> = {},
): Promise<TestProxy> {
  const folder = await mkdtemp(join(tmpdir(), 'proxy-'));
  const socketPath = join(folder, 'worker.sock');
  const settings: ProxySettings = {
    logLevel: 'debug',
    rootDirectory: join(folder, 'data'),
    http: { host: '127.0.0.1', port: 0, drainTimeoutMs: 5000 },
    upstreams: [upstream('quay.io', socketPath), { ...upstream('docker.io', socketPath), default: true }],
    tokenSecret: 'sealed',
    pseudonym: 'registry-cache-1',
    loggerSocketPath: join(folder, 'logger.sock'),
    ...overrides,
  };
  const { log, logLines } = collectingLog();
  const events = await startLogger(settings.loggerSocketPath);
  const tally = createTally();
  const proxy = await startProxy(settings, { log, tally, ...options });
  onTestFinished(async () => {
    await proxy.close();
    await rm(folder, { recursive: true, force: true });
  });
  return { proxy, port: proxy.port, settings, logLines, socketPath, tally, events };
}

export function upstream(name: string, socketPath: string): ProxyUpstream {
  const upstreamName = findUpstreamName(name);
  if (upstreamName === undefined) throw new Error(`${name} is no upstream name`);
  return { name: upstreamName, default: false, authorization: 'cache', socketPath };
}

async function startLogger(socketPath: string): Promise<AccessEvent[]> {
  const events: AccessEvent[] = [];
  await startWorker(socketPath, (request, response) => {
    void json(request).then((envelope) => {
      events.push(...(envelope as AccessEventEnvelope).events);
      response.end();
    });
  });
  return events;
}

export function collectingLog(): { log: Logger; logLines: Record<string, unknown>[] } {
  const logLines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void logLines.push(JSON.parse(line)) };
  return { log: createLog({ level: 'debug', fields: {}, destination }), logLines };
}
