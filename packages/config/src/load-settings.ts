import { join, resolve } from 'node:path';
import { accessLogSettings } from './access-log.ts';
import { parseCertificates } from './certificate.ts';
import type { CleanerSection, FillsSection, LogSection } from './config-document.ts';
import {
  DEFAULT_ABANDON_BELOW_PERCENT,
  DEFAULT_AUTHORIZATION_TTL_MS,
  DEFAULT_IDLE_TIMEOUT_MS,
  DEFAULT_MAX_FILL_BYTES,
  DEFAULT_MAX_SIZE_BYTES,
  DEFAULT_RUN_EVERY_MS,
  DEFAULT_THRESHOLD_PERCENTAGE,
  WELL_KNOWN_PATHS,
  type WellKnownPaths,
} from './defaults.ts';
import type { Environment } from './environment.ts';
import { findExpiry } from './expiry.ts';
import { readExtraCas } from './extra-cas.ts';
import { Findings } from './findings.ts';
import { httpSettings } from './http-settings.ts';
import type { LoadContext } from './load-context.ts';
import { loadHtpasswd } from './load-htpasswd.ts';
import { loadPullSecret } from './load-pull-secret.ts';
import { loadTls, type LoadedTls } from './load-tls.ts';
import { checkOriginAuthorization, warnOfPlainLogins } from './origin-authorization.ts';
import { operationSettings } from './operation-settings.ts';
import { readOutboundProxy } from './outbound-proxy.ts';
import { pemText } from './pem.ts';
import { pinPatterns } from './pins.ts';
import { defaultProxyProcesses } from './proxy-processes.ts';
import { readDocument, type Overrides } from './read-document.ts';
import { dataDirectoryOf, findRunDirectory } from './run-directory.ts';
import { loadSelfSigned } from './self-signed.ts';
import type {
  CleanerSettings,
  ExpirySettings,
  FillSettings,
  LogSettings,
  Settings,
  TlsSettings,
} from './settings.ts';
import { readBinaryFile } from './text-file.ts';
import { buildUpstreams } from './upstreams.ts';

export interface SettingsSources {
  readonly env: Environment;
  readonly configFile?: string | undefined;
  readonly overrides?: Overrides | undefined;
  readonly now?: (() => number) | undefined;
  /** Where to look for what nothing names; the container's paths unless told. */
  readonly wellKnown?: WellKnownPaths | undefined;
}

/**
 * Reads config.yml, the environment, the command line, and every file they name. Relative paths start at the working directory.
 *
 * The only thing it writes is a self-signed certificate, where none was given and all else is right.
 *
 * @throws {ConfigError} with every mistake in all of them
 */
export async function loadSettings(sources: SettingsSources): Promise<Settings> {
  const { env, configFile, now = Date.now, wellKnown = WELL_KNOWN_PATHS } = sources;
  const findings = new Findings();
  const watchedFiles = new Set(configFile === undefined ? [] : [resolve(configFile)]);
  const layered = await readDocument(sources, findings);
  const { document } = layered;
  const context: LoadContext = { layered, wellKnown, nowMs: now(), findings, watchedFiles };

  const pullSecret = await loadPullSecret(context);
  const upstreams = await buildUpstreams(
    {
      configured: document.upstreams ?? {},
      downstream: layered.downstream,
      externalUrl: document.http?.host,
      pullSecret: pullSecret.entries,
      readCa: (path) => readCa(resolve(path), watchedFiles),
      extraCas: await readExtraCas(env),
    },
    findings,
  );
  checkOriginAuthorization(upstreams, context);
  const auth = await loadHtpasswd(context);
  const outboundProxy = await readOutboundProxy(env, findings);
  const rootDirectory = await dataDirectoryOf(document, env, wellKnown);
  const runDirectory = await findRunDirectory(env, rootDirectory, context);
  const expiry = findExpiry(context);
  const pins = pinPatterns(upstreams, context);
  const operations = operationSettings({ env, auth, upstreams }, context);
  const loadedTls = await loadTls(context);
  if (loadedTls.kind === 'plain-http') warnOfPlainLogins(upstreams, context);
  findings.throwProblems();
  const tls = await useTls(loadedTls, rootDirectory, context);

  return {
    log: logSettings(document.log),
    http: httpSettings(tls, context),
    proxyProcesses: document.http?.processes ?? (await defaultProxyProcesses()),
    ...(auth === undefined ? {} : { auth }),
    storage: { rootDirectory },
    runDirectory,
    ...(pullSecret.path === undefined ? {} : { pullSecret: pullSecret.path }),
    upstreams,
    authorizationTtlMs: document.authorizationttl ?? DEFAULT_AUTHORIZATION_TTL_MS,
    outboundProxy,
    workers: { idleTimeoutMs: document.workers?.idletimeout ?? DEFAULT_IDLE_TIMEOUT_MS },
    fills: fillSettings(document.fills),
    cleaner: cleanerSettings(document.cleaner, { expiry, pins }),
    ...operations,
    watchedFiles: [...watchedFiles],
    warnings: findings.warnings,
  };
}

/** Makes our own certificate only now that nothing else is wrong: a start that fails leaves nothing behind. */
async function useTls(
  loaded: LoadedTls,
  rootDirectory: string,
  context: LoadContext,
): Promise<TlsSettings | undefined> {
  if (loaded.kind === 'given') return loaded.tls;
  if (loaded.kind === 'plain-http') return undefined;
  const directory = join(rootDirectory, 'registry-cache', 'tls');
  const tls = await context.findings.attempt('http.tls', () =>
    loadSelfSigned({ directory, nowMs: context.nowMs }),
  );
  context.findings.throwProblems();
  context.findings.warning(
    `no certificate was given, so this cache has made its own: clients must trust ${join(directory, 'certificate.pem')}`,
  );
  return tls;
}

async function readCa(path: string, watchedFiles: Set<string>): Promise<string> {
  watchedFiles.add(path);
  const pem = pemText(await readBinaryFile(path), path);
  parseCertificates(pem);
  return pem;
}

function fillSettings(section: FillsSection = {}): FillSettings {
  return {
    abandonBelowPercent: section.abandonbelow ?? DEFAULT_ABANDON_BELOW_PERCENT,
    maxSizeBytes: section.maxsize ?? DEFAULT_MAX_FILL_BYTES,
  };
}

function logSettings(section: LogSection = {}): LogSettings {
  const access = accessLogSettings(section);
  return { level: section.level ?? 'info', ...(access === undefined ? {} : { access }) };
}

interface WhatStaysAndGoes {
  readonly expiry: ExpirySettings | undefined;
  readonly pins: readonly string[];
}

function cleanerSettings(section: CleanerSection = {}, { expiry, pins }: WhatStaysAndGoes): CleanerSettings {
  return {
    maxSizeBytes: section.maxsize ?? DEFAULT_MAX_SIZE_BYTES,
    thresholdPercentage: section.thresholdpercentage ?? DEFAULT_THRESHOLD_PERCENTAGE,
    runEveryMs: section.runevery ?? DEFAULT_RUN_EVERY_MS,
    ...(expiry === undefined ? {} : { expiry }),
    pins,
  };
}
