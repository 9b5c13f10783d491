import {
  ConfigError,
  InvalidValueError,
  parseDuration,
  type ConfigProblem,
  type Settings,
} from '@registry-cache/config';
import { EXIT_CONFIG, EXIT_FAILURE } from '@registry-cache/runtime';
import type { Connections } from '../check/connect/check-connections.ts';
import { findingsOf, type CheckFindings } from '../check/findings.ts';
import { formatFindings } from '../check/report.ts';
import { formatStoreCheck } from '../check/store-report.ts';
import { verifyStore, type StoreCheck } from '../check/verify-store.ts';
import { CommandFailure } from '../command-failure.ts';
import { explainConfigError, load } from '../load-settings.ts';
import type { SettingsSource } from '../settings-source.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface CheckOptions {
  /** Recompute the digest of every blob. */
  readonly store: boolean;
  /** Remove what turns out to be bad; says nothing without `store`. */
  readonly repair: boolean;
  /** Try every upstream, and the cache itself, over the network; left out to contact nobody. */
  readonly connect?: { readonly images: readonly string[]; readonly timeout: string };
  readonly output: 'text' | 'json';
  readonly terminal: Terminal;
  /** Shows progress, so that standard output holds results only. */
  readonly progress: Terminal;
}

/**
 * Checks what the cache would start with, and resolves with the exit code: `EXIT_CONFIG` for a configuration or certificate
 * that is of no use, `EXIT_FAILURE` for a store in which bad blobs are left, and for a connection that pulls need and that does not work.
 */
export async function check(source: SettingsSource, options: CheckOptions): Promise<number> {
  const { terminal, output } = options;
  let settings: Settings;
  try {
    settings = await load(source);
  } catch (err) {
    if (output === 'text' || !(err instanceof ConfigError)) throw explainConfigError(err);
    terminal.print(formatProblems(err.problems));
    return EXIT_CONFIG;
  }
  const findings = findingsOf(settings, Date.now());
  if (output === 'text') for (const line of formatFindings(findings, terminal)) terminal.print(line);
  const connections = await tryConnections(settings, options);
  const store = options.store ? await verify(findings, options) : undefined;
  if (output === 'json') terminal.print(JSON.stringify({ ...findings, connections, store }, undefined, 2));
  return exitCodeOf(findings, connections, store);
}

async function tryConnections(
  settings: Settings,
  { connect, output, terminal }: CheckOptions,
): Promise<Connections | undefined> {
  if (connect === undefined) return undefined;
  const { checkConnections } = await import('../check/connect/check-connections.ts');
  const { formatConnections } = await import('../check/connect/report.ts');
  const { images, timeout } = connect;
  const connections = await checkConnections(settings, { images, timeoutMs: parseTimeout(timeout) });
  if (output === 'text') for (const line of formatConnections(connections, terminal)) terminal.print(line);
  return connections;
}

async function verify(
  { dataDirectory }: CheckFindings,
  { repair, output, terminal, progress }: CheckOptions,
): Promise<StoreCheck> {
  const store = await verifyStore(dataDirectory, { repair, terminal: progress });
  if (output === 'text') for (const line of formatStoreCheck(store, terminal)) terminal.print(line);
  return store;
}

function parseTimeout(text: string): number {
  try {
    const timeoutMs = parseDuration(text);
    if (timeoutMs > 0) return timeoutMs;
  } catch (err) {
    if (!(err instanceof InvalidValueError)) throw err;
    throw new CommandFailure(`--timeout: ${err.message}`, { exitCode: EXIT_FAILURE });
  }
  throw new CommandFailure('--timeout: expected more than nothing', { exitCode: EXIT_FAILURE });
}

function formatProblems(problems: readonly ConfigProblem[]): string {
  return JSON.stringify({ problems }, undefined, 2);
}

function exitCodeOf(
  findings: CheckFindings,
  connections: Connections | undefined,
  store: StoreCheck | undefined,
): number {
  if (findings.isCertificateRefused) return EXIT_CONFIG;
  if (connections?.isBroken === true) return EXIT_FAILURE;
  return store?.bad.every(({ repaired }) => repaired) === false ? EXIT_FAILURE : 0;
}
