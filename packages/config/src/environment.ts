import type { ConfigTree } from './config-tree.ts';
import { findSimilar } from './did-you-mean.ts';
import type { Findings } from './findings.ts';
import { FILE_ONLY_KEYS, MEANINGLESS_KEYS, SETTING_KEYS, type SettingKey } from './setting-keys.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The process's environment. Nothing but this package looks at it. */
export function readEnvironment(): Environment {
  return { ...process.env };
}

// The names by which containers of the first registry-cache are configured.
const SHORT_NAMES: Readonly<Record<string, SettingKey>> = {
  CLEANER_MAXSIZE: 'cleaner.maxsize',
  CLEANER_THRESHOLD_PERCENTAGE: 'cleaner.thresholdpercentage',
  CLEANER_RUNEVERY_TIME: 'cleaner.runevery',
  IGNOREREGISTRYLIST: 'ignoreregistries',
  PULLSECRETPATH: 'pullsecret',
  REGISTRYDIR: 'storage.filesystem.rootdirectory',
};

const SETTING_VARIABLES: ReadonlyMap<string, SettingKey> = new Map(
  SETTING_KEYS.map((key) => [variableOf(key), key]),
);
const IGNORED_VARIABLES: readonly string[] = MEANINGLESS_KEYS.map(variableOf);
const FILE_ONLY: ReadonlyMap<string, string> = new Map(
  FILE_ONLY_KEYS.filter((key) => !key.includes('*')).map((key) => [variableOf(key), key]),
);

/**
 * Lays the environment over config.yml: the short names first, then distribution's rule that `REGISTRY_A_B_C` is `a.b.c`. A
 * variable that is empty is as good as unset, as compose files leave them.
 */
export function applyEnvironment(env: Environment, tree: ConfigTree, findings: Findings): void {
  for (const [name, key] of Object.entries(SHORT_NAMES)) {
    if (env[name]) tree.set(key.split('.'), env[name], name);
  }
  if (env['CLEANER_BTWDELETES_TIME']) {
    findings.warning('CLEANER_BTWDELETES_TIME has no effect: the cleaner needs no pause between deletions');
  }
  for (const name of Object.keys(env).toSorted()) {
    const value = env[name];
    if (name.startsWith('REGISTRY_') && value) applyRegistryVariable(name, value, tree, findings);
  }
}

function applyRegistryVariable(name: string, value: string, tree: ConfigTree, findings: Findings): void {
  const key = SETTING_VARIABLES.get(name);
  if (key !== undefined) return tree.set(key.split('.'), value, name);
  if (name === 'REGISTRY_AUTH' || name === 'REGISTRY_STORAGE') return choose(name, value, tree);
  if (IGNORED_VARIABLES.some((ignored) => isPartOf(name, ignored))) {
    return findings.warning(`${name} is ignored: it means nothing to this cache`);
  }
  if (isServiceVariable(name, value)) return;
  const [, fileOnly] = [...FILE_ONLY].find(([variable]) => isPartOf(name, variable)) ?? [];
  if (fileOnly !== undefined) {
    return findings.warning(`${name} is ignored: ${fileOnly} can be set in config.yml only`);
  }
  const similar = findSimilar(name, SETTING_VARIABLES.keys());
  const hint = similar === undefined ? '' : `, did you mean ${similar}?`;
  if (isAboutLogins(name)) return findings.problem(name, `unknown setting${hint}`);
  findings.warning(`${name} is ignored: no setting has that name${hint}`);
}

/** `REGISTRY_AUTH=htpasswd` chooses a section, whose own settings come from other variables or config.yml. */
function choose(name: string, value: string, tree: ConfigTree): void {
  const path = [name.slice('REGISTRY_'.length).toLowerCase(), value.trim()];
  tree.set(path, tree.get(path) ?? {}, name);
}

/** Passed over, a cache that was meant to ask for a login would serve everyone. podman's own variable means something else. */
function isAboutLogins(name: string): boolean {
  return name.startsWith('REGISTRY_AUTH_') && name !== 'REGISTRY_AUTH_FILE';
}

// Kubernetes tells every container of the services around it, and a service may well be called `registry`.
const SERVICE_NUMBER = /^REGISTRY_(?:[A-Z0-9_]+_)?SERVICE_(?:HOST|PORT(?:_[A-Z0-9_]+)?)$/;
const SERVICE_PORT = /^REGISTRY_(?:[A-Z0-9_]+_)?PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:ADDR|PORT|PROTO))?)?$/;

function isServiceVariable(name: string, value: string): boolean {
  if (SERVICE_NUMBER.test(name)) return true;
  return SERVICE_PORT.test(name) && (/_\d+_/.test(name) || /^(?:tcp|udp|sctp):\/\//.test(value));
}

function isPartOf(name: string, variable: string): boolean {
  return name === variable || name.startsWith(`${variable}_`);
}

function variableOf(key: string): string {
  return `REGISTRY_${key.toUpperCase().replaceAll('.', '_')}`;
}
