import { ConfigError, type ConfigProblem } from '@registry-cache/config';
import { EXIT_CONFIG, EXIT_FAILURE } from '@registry-cache/runtime';
import { findingsOf, type CheckFindings } from '../check/findings.ts';
import { formatFindings } from '../check/report.ts';
import { formatStoreCheck } from '../check/store-report.ts';
import { verifyStore, type StoreCheck } from '../check/verify-store.ts';
import { explainConfigError, load } from '../load-settings.ts';
import type { SettingsSource } from '../settings-source.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface CheckOptions {
  /** Recompute the digest of every blob. */
  readonly store: boolean;
  /** Remove what turns out to be bad; says nothing without `store`. */
  readonly repair: boolean;
  readonly output: 'text' | 'json';
  readonly terminal: Terminal;
  /** Shows progress, so that standard output holds results only. */
  readonly progress: Terminal;
}

/**
 * Checks what the cache would start with, and resolves with the exit code: `EXIT_CONFIG` for a configuration or certificate
 * that is of no use, `EXIT_FAILURE` for a store in which bad blobs are left.
 */
export async function check(source: SettingsSource, options: CheckOptions): Promise<number> {
  const { terminal, output } = options;
  let findings: CheckFindings;
  try {
    findings = findingsOf(await load(source), Date.now());
  } catch (err) {
    if (output === 'text' || !(err instanceof ConfigError)) throw explainConfigError(err);
    terminal.print(formatProblems(err.problems));
    return EXIT_CONFIG;
  }
  if (output === 'text') for (const line of formatFindings(findings, terminal)) terminal.print(line);
  const store = options.store ? await verify(findings, options) : undefined;
  if (output === 'json') terminal.print(JSON.stringify({ ...findings, store }, undefined, 2));
  return exitCodeOf(findings, store);
}

async function verify(
  { dataDirectory }: CheckFindings,
  { repair, output, terminal, progress }: CheckOptions,
): Promise<StoreCheck> {
  const store = await verifyStore(dataDirectory, { repair, terminal: progress });
  if (output === 'text') for (const line of formatStoreCheck(store, terminal)) terminal.print(line);
  return store;
}

function formatProblems(problems: readonly ConfigProblem[]): string {
  return JSON.stringify({ problems }, undefined, 2);
}

function exitCodeOf(findings: CheckFindings, store: StoreCheck | undefined): number {
  if (findings.isCertificateRefused) return EXIT_CONFIG;
  return store?.bad.every(({ repaired }) => repaired) === false ? EXIT_FAILURE : 0;
}
