import { ConfigError, InvalidValueError, type ConfigProblem } from './config-error.ts';
import { isMap } from './config-tree.ts';
import { parsePullSecretCredential } from './pull-secret-credential.ts';
import { parsePullSecretKey, type PullSecretKey } from './pull-secret-key.ts';
import type { Credential } from './settings.ts';

export interface PullSecretEntry extends PullSecretKey {
  readonly credential: Credential;
}

export interface PullSecret {
  /** In the order of the file. */
  readonly entries: readonly PullSecretEntry[];
  readonly warnings: readonly string[];
}

export const DEFAULT_IGNORED_REGISTRIES: readonly string[] = ['cloud.openshift.com'];

/**
 * Reads `{"auths": {"<registry>": {…}}}`, as docker, podman and Kubernetes write it.
 *
 * @param ignored keys to leave out unread, as the file or as this cache writes them
 * @throws {ConfigError} with every mistake; no message holds any of a credential
 */
export function parsePullSecret(
  text: string,
  source: string,
  ignored: readonly string[] = DEFAULT_IGNORED_REGISTRIES,
): PullSecret {
  const file = parseJson(text, source);
  const auths = isMap(file) ? file['auths'] : undefined;
  if (!isMap(file) || !isMap(auths)) {
    throw new ConfigError([{ key: source, message: 'expected {"auths": {"<registry>": {"auth": …}}}' }]);
  }

  const entries: PullSecretEntry[] = [];
  const problems: ConfigProblem[] = [];
  for (const [key, value] of Object.entries(auths)) {
    if (ignored.includes(key)) continue;
    try {
      const place = parsePullSecretKey(key);
      if (ignored.includes(place.name)) continue;
      entries.push({ ...place, credential: parsePullSecretCredential(value) });
    } catch (err) {
      if (!(err instanceof InvalidValueError)) throw err;
      problems.push({ key: `${source} auths.${key}`, message: err.message });
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return { entries, warnings: helperWarnings(file, source) };
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (err) {
    if (!(err instanceof SyntaxError)) throw err;
    // The engine's own message quotes the text around the mistake, which may be a password: it must not get out.
    throw new ConfigError([{ key: source, message: `expected JSON${lineOfMistake(err, text)}` }]);
  }
}

function lineOfMistake(err: SyntaxError, text: string): string {
  const position = /at position (\d+)/.exec(err.message)?.[1];
  if (position === undefined) return ', as `jq . FILE` reads it';
  return `; the mistake is on line ${text.slice(0, Number(position)).split('\n').length}`;
}

function helperWarnings(file: Readonly<Record<string, unknown>>, source: string): string[] {
  return ['credsStore', 'credHelpers']
    .filter((name) => name in file)
    .map((name) => `${source}: ${name} is ignored: credentials must be in the file itself`);
}
