import { parseConfigDocument, type ConfigDocument } from './config-document.ts';
import { readConfigFile } from './config-file.ts';
import { ConfigTree, isMap, type ConfigMap } from './config-tree.ts';
import { applyEnvironment, type Environment } from './environment.ts';
import { takeDownstream } from './downstream.ts';
import type { DownstreamOptions } from './downstream-options.ts';
import type { Findings } from './findings.ts';
import { MEANINGLESS_KEYS, SETTING_KEYS, type SettingKey } from './setting-keys.ts';

/** Settings of the command line, by their keys in config.yml. */
export type Overrides = Readonly<Partial<Record<SettingKey, string | undefined>>>;

export interface DocumentSources {
  readonly env: Environment;
  readonly configFile?: string | undefined;
  readonly overrides?: Overrides | undefined;
}

export interface LayeredDocument {
  readonly document: ConfigDocument;
  /** The middleware that makes this the content cache of one origin. */
  readonly downstream: DownstreamOptions | undefined;
  /** The file itself says where to listen; without `http.tls` it then means plain HTTP. */
  readonly fileSetsAddress: boolean;
  /** How messages name a setting: the variable or option that gave it, else its key in config.yml. */
  readonly label: (key: string) => string;
}

/** config.yml, the environment over it, the command line over both; all checked together. */
export async function readDocument(sources: DocumentSources, findings: Findings): Promise<LayeredDocument> {
  const { configFile, env, overrides = {} } = sources;
  const file =
    configFile === undefined ? {} : await findings.attempt(configFile, () => readConfigFile(configFile));
  const tree = new ConfigTree(file ?? {});
  keepBareSections(tree);
  dropEmpty(tree.root);
  const fileSetsAddress = tree.get(['http', 'addr']) !== undefined;

  applyEnvironment(env, tree, findings);
  for (const key of SETTING_KEYS) {
    const value = overrides[key];
    if (value !== undefined) tree.set(key.split('.'), value, `${key} (command line)`);
  }
  ignoreMeaningless(tree, findings);
  const downstream = takeDownstream(tree, findings);
  return {
    downstream,
    document: parseConfigDocument(tree, findings),
    fileSetsAddress,
    label: (key) => tree.label(key.split('.')),
  };
}

/** `auth: htpasswd`, `auth: {htpasswd: }` and `upstreams: {quay.io: }` say something, though their sections are empty. */
function keepBareSections({ root }: ConfigTree): void {
  for (const name of ['auth', 'storage']) {
    const chosen = root[name];
    if (typeof chosen === 'string') root[name] = { [chosen]: {} };
  }
  for (const section of [root['auth'], root['upstreams']]) {
    if (!isMap(section)) continue;
    for (const key of Object.keys(section)) section[key] ??= {};
  }
}

/** A key without a value is as good as left out. */
function dropEmpty(map: ConfigMap): void {
  for (const [key, value] of Object.entries(map)) {
    if (value === null) delete map[key];
    else if (isMap(value)) dropEmpty(value);
  }
}

function ignoreMeaningless(tree: ConfigTree, findings: Findings): void {
  const paths = MEANINGLESS_KEYS.map((key) => key.split('.')).filter((path) => tree.get(path) !== undefined);
  if (paths.length === 0) return;
  for (const path of paths) tree.remove(path);
  const labels = paths.map((path) => tree.label(path)).join(', ');
  findings.warning(`these settings are ignored, as they mean nothing to this cache: ${labels}`);
}
