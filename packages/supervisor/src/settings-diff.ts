import { SELF_SIGNED_SOURCE, type Settings } from '@registry-cache/config';
import { isDeepStrictEqual } from 'node:util';
import { processesOf, type PlannedProcess, type ProcessPlan } from './process-plan.ts';

export interface PlanChanges {
  readonly added: readonly PlannedProcess[];
  readonly removed: readonly PlannedProcess[];
  readonly changed: readonly ChangedProcess[];
}

export interface ChangedProcess {
  readonly process: PlannedProcess;
  /** Names of settings, such as `upstream.credentials`; never their values. */
  readonly keys: readonly string[];
}

/** What has to happen to processes that run by `current` so that they run by `next`. */
export function diffPlans(current: ProcessPlan, next: ProcessPlan): PlanChanges {
  const before = new Map(processesOf(current).map((process) => [process.id, process]));
  const after = new Map(processesOf(next).map((process) => [process.id, process]));
  const changed: ChangedProcess[] = [];
  for (const process of after.values()) {
    const old = before.get(process.id);
    const keys = old === undefined ? [] : changedKeys(old.settings, process.settings);
    if (keys.length > 0) changed.push({ process, keys });
  }
  return {
    added: [...after.values()].filter(({ id }) => !before.has(id)),
    removed: [...before.values()].filter(({ id }) => !after.has(id)),
    changed,
  };
}

export interface ReloadableSettings {
  /** `next`, but for what a running cache cannot change. */
  readonly settings: Settings;
  /** Names of the settings whose new values wait for a restart. */
  readonly needRestart: readonly string[];
}

/**
 * Keeps the settings that processes are built around: what they listen on, and where everything lies. Whether clients speak
 * TLS is one of them, its certificate is not.
 */
export function keepWhatNeedsRestart(current: Settings, next: Settings): ReloadableSettings {
  const needRestart: string[] = [];
  const kept = <T>(name: string, old: T, value: T): T => {
    if (old !== value) needRestart.push(name);
    return old;
  };
  const { tls, ...http } = next.http;
  const addressOf = ({ host, port }: Settings['http']): string => `${host}:${port}`;
  kept('http.addr', addressOf(current.http), addressOf(http));
  const proxyProcesses = kept('http.processes', current.proxyProcesses, next.proxyProcesses);
  const { host, port } = current.http;
  const speaksTls = kept('http.tls', current.http.tls !== undefined, tls !== undefined);
  const nextTls = speaksTls ? keptTls(current.http.tls, tls) : undefined;
  if (nextTls !== tls && tls !== undefined) needRestart.push('http.tls.certificate');
  const settings: Settings = {
    ...next,
    proxyProcesses,
    http: { ...http, host, port, ...(nextTls === undefined ? {} : { tls: nextTls }) },
    storage: {
      ...next.storage,
      rootDirectory: kept('storage.rootDirectory', current.storage.rootDirectory, next.storage.rootDirectory),
    },
    runDirectory: kept('runDirectory', current.runDirectory, next.runDirectory),
    ...keptUpstreams(current, next, needRestart),
  };
  return { settings, needRestart };
}

/** A certificate whose file is gone is being replaced: clients that trust it would refuse one of our own in its place. */
function keptTls(current: Settings['http']['tls'], next: Settings['http']['tls']): Settings['http']['tls'] {
  const isGone = current?.source !== SELF_SIGNED_SOURCE && next?.source === SELF_SIGNED_SOURCE;
  return next === undefined || isGone ? current : next;
}

/** A pull secret that is gone is being replaced: without it every upstream would be asked anonymously, or be another one. */
function keptUpstreams(
  { pullSecret, upstreams }: Settings,
  next: Settings,
  needRestart: string[],
): Partial<Settings> {
  if (pullSecret === undefined || next.pullSecret !== undefined) return {};
  needRestart.push('pullsecret');
  return { pullSecret, upstreams };
}

// Two levels are enough to say what changed; further down, names are users and repositories.
function changedKeys(before: object, after: object, levels = 2): string[] {
  const old = new Map<string, unknown>(Object.entries(before));
  const now = new Map<string, unknown>(Object.entries(after));
  const keys: string[] = [];
  for (const key of new Set([...old.keys(), ...now.keys()])) {
    const was = old.get(key);
    const is = now.get(key);
    if (isDeepStrictEqual(was, is)) continue;
    const within = levels > 1 && isRecord(was) && isRecord(is) ? changedKeys(was, is, levels - 1) : [];
    keys.push(...(within.length === 0 ? [key] : within.map((name) => `${key}.${name}`)));
  }
  return keys;
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
