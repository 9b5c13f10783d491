import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { AdminSettings, DebugSettings } from '@registry-cache/config';
import { findUpstreamName } from '@registry-cache/oci';
import { createLog, createTally, type ObservedProcess } from '@registry-cache/runtime';
import { onTestFinished } from 'vitest';
import { startAdmin } from '../../src/start-admin.ts';
import { waitFor } from '../../src/wait-for.ts';
import { findFreePort } from '../../../../test/support/free-port.ts';
import { createScriptedSupervisor, observationOf, type ScriptedSupervisor } from './scripted-supervisor.ts';

export interface TestAdmin {
  readonly supervisor: ScriptedSupervisor;
  readonly settings: AdminSettings;
  /** Messages with their fields. */
  readonly logged: readonly Readonly<Record<string, unknown>>[];
  /** Over the control socket. */
  control(method: string, path: string, body?: unknown): Promise<TestAnswer>;
  /** Over the debug address, with `Host: localhost` unless told. */
  debug(method: string, path: string, headers?: Record<string, string>, body?: string): Promise<TestAnswer>;
  /** Over the dashboard's socket, as the proxy forwards. */
  proxied(method: string, path: string, headers?: Record<string, string>, body?: string): Promise<TestAnswer>;
  reload(changes: Partial<AdminSettings>): Promise<void>;
  /** As its supervisor would after `idle`; resolves with its last words, or with undefined where it is busy. */
  fallAsleep(): Promise<ObservedProcess | undefined>;
  readonly idle: boolean;
  close(): Promise<void>;
}

export interface TestAnswer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  json(): unknown;
}

/** The admin process's parts in this process, with real sockets and a scripted supervisor. Closed when the test ends. */
export async function startTestAdmin(
  changes: Partial<AdminSettings> = {},
  supervisor = createScriptedSupervisor(),
): Promise<TestAdmin> {
  const folder = await mkdtemp(join(tmpdir(), 'admin-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  let settings = { ...(await defaultSettings(folder)), ...changes };
  const logged: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void logged.push(JSON.parse(line)) };
  const log = createLog({ level: 'info', fields: {}, destination });
  let isIdle = false;
  const admin = await startAdmin(settings, {
    log,
    ask: (question, signal) => waitFor(supervisor.ask(question), signal),
    wake() {},
    reportIdle: () => void (isIdle = true),
  });
  const close = async (): Promise<void> => admin.close();
  onTestFinished(close);
  return {
    supervisor,
    logged,
    get settings() {
      return settings;
    },
    control: (method, path, body) =>
      ask(
        { socketPath: settings.controlSocketPath, method, path, headers: JSON_TYPE },
        body === undefined ? undefined : JSON.stringify(body),
      ),
    debug: (method, path, headers = {}, body?) =>
      ask(
        {
          port: settings.debug?.port ?? 0,
          host: '127.0.0.1',
          method,
          path,
          headers: { ...LOCAL, ...headers },
        },
        body,
      ),
    proxied: (method, path, headers = {}, body?) =>
      ask({ socketPath: settings.dashboardSocketPath, method, path, headers }, body),
    async reload(changed) {
      settings = { ...settings, ...changed };
      await admin.reload?.(settings);
    },
    async fallAsleep() {
      if ((await admin.fallAsleep?.()) !== true) return undefined;
      const observation = observationOf(createTally(), admin.observe?.());
      return { id: 'admin', name: 'admin', state: 'asleep', restarts: 0, observation };
    },
    get idle() {
      return isIdle;
    },
    close,
  };
}

const JSON_TYPE = { 'content-type': 'application/json' };
const LOCAL = { host: 'localhost' };

export function debugSettings(port: number, changes: Partial<DebugSettings> = {}): DebugSettings {
  return { host: '127.0.0.1', port, metricsPath: '/metrics', actions: 'loopback', ...changes };
}

async function defaultSettings(folder: string): Promise<AdminSettings> {
  const quay = findUpstreamName('quay.io');
  if (quay === undefined) throw new Error('expected an upstream name');
  return {
    logLevel: 'info',
    rootDirectory: folder,
    idleTimeoutMs: 0,
    controlSocketPath: join(folder, 'control.sock'),
    dashboardSocketPath: join(folder, 'dashboard.sock'),
    version: '1.2.3',
    address: 'https://*:8443',
    debug: debugSettings(await findFreePort()),
    upstreams: [
      {
        name: quay,
        url: 'https://quay.io',
        default: false,
        authorization: 'cache',
        tagTtlMs: 60_000,
        maxConnections: 64,
        socketPath: join(folder, 'quay.sock'),
      },
    ],
    cleaner: { maxSizeBytes: 1_000_000, thresholdPercentage: 20, runEveryMs: 60_000, pins: [] },
    warm: { rules: [], concurrency: 1 },
  };
}

interface AskHeaders {
  readonly headers: Readonly<Record<string, string>>;
}

async function ask(
  options: Omit<RequestOptions, 'headers'> & AskHeaders,
  body: string | undefined,
): Promise<TestAnswer> {
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
  const { headers, ...address } = options;
  const asking = request({ ...address, headers: { ...headers, ...length }, agent: false });
  asking.end(body);
  const [answer] = await once(asking, 'response');
  const received = await text(answer);
  return {
    status: answer.statusCode,
    headers: answer.headers,
    text: received,
    json: () => JSON.parse(received),
  };
}
