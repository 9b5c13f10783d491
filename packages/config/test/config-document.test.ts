import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parseConfigDocument } from '../src/config-document.ts';
import { readConfigFile } from '../src/config-file.ts';
import { ConfigTree } from '../src/config-tree.ts';
import { Findings } from '../src/findings.ts';
import { FILE_ONLY_KEYS, SETTING_KEYS } from '../src/setting-keys.ts';
import { rejectionOf } from './support/problems.ts';
import { createWorkspace } from './support/workspace.ts';

test.each([
  ['http: {adr: ":1"}', 'http.adr', 'unknown key, did you mean http.addr?'],
  ['htpp: {addr: ":1"}', 'htpp', 'unknown key, did you mean http?'],
  [
    'upstreams: {quay.io: {tagtl: 1m}}',
    'upstreams.quay.io.tagtl',
    'unknown key, did you mean upstreams.quay.io.tagttl?',
  ],
  ['somethingelse: 1', 'somethingelse', 'unknown key'],
  ['http: {tls: {clientcas: [x]}}', 'http.tls.clientcas', 'unknown key'],
  ['log: {level: loud}', 'log.level', 'expected error, warn, info, or debug, got "loud"'],
  ['http: []', 'http', 'expected a map of settings, got a list'],
  ['http: ":5000"', 'http', 'expected a map of settings, got a text'],
  ['http: {addr: 5000}', 'http.addr', 'expected a text, got a number'],
  ['http: {draintimeout: 30}', 'http.draintimeout', expect.stringContaining('got "30"')],
  ['version: 0.2', 'version', 'expected 0.1, got "0.2"'],
  ['cleaner: {runevery: 0s}', 'cleaner.runevery', 'expected at least 1s, got "0s"'],
  ['cleaner: {maxsize: 0G}', 'cleaner.maxsize', expect.stringContaining('more than nothing')],
  ['cleaner: {maxsize: 10}', 'cleaner.maxsize', expect.stringContaining('a size with a unit')],
  [
    'cleaner: {thresholdpercentage: ""}',
    'cleaner.thresholdpercentage',
    expect.stringContaining('a number from 0'),
  ],
  [
    'cleaner: {thresholdpercentage: -1}',
    'cleaner.thresholdpercentage',
    expect.stringContaining('a number from 0'),
  ],
  ['fills: {abandonbelow: 101}', 'fills.abandonbelow', 'expected a number from 0 to 100, got 101'],
  ['fills: {maxsize: 0G}', 'fills.maxsize', expect.stringContaining('more than nothing')],
  [
    'upstreams: {quay.io: {maxconnections: 0}}',
    'upstreams.quay.io.maxconnections',
    'expected a number from 2 to 1024, got 0',
  ],
  [
    'upstreams: {quay.io: {maxconnections: 2.5}}',
    'upstreams.quay.io.maxconnections',
    'expected a whole number, got 2.5',
  ],
  ['upstreams: [quay.io]', 'upstreams', 'expected a map of settings, got a list'],
  [
    'upstreams: {quay.io: {default: maybe}}',
    'upstreams.quay.io.default',
    'expected true or false, got "maybe"',
  ],
  ['upstreams: {quay.io: {cas: /a.pem}}', 'upstreams.quay.io.cas', 'expected a list, got a text'],
])('%s is refused', async (yaml, key, message) => {
  const { loadYaml } = await createWorkspace();
  expect((await rejectionOf(loadYaml(yaml))).problems).toEqual([{ key, message }]);
});

test('sections without content are as good as left out', async () => {
  const { loadYaml } = await createWorkspace();
  const settings = await loadYaml(
    'log:\nhttp: {tls: }\nauth:\ncleaner:\nstorage: {filesystem: }\nupstreams:\n',
  );
  expect(settings.log.level).toBe('info');
  expect(settings.auth).toBeUndefined();
});

test("distribution's yes and off are booleans", async () => {
  const { loadYaml } = await createWorkspace();
  const settings = await loadYaml('upstreams: {a.io: {default: yes}, b.io: {default: off}}');
  expect(settings.upstreams.map((upstream) => upstream.default)).toEqual([true, false]);
});

test("keys of distribution's schema that mean nothing here are named in one warning, without their values", async () => {
  const { loadYaml } = await createWorkspace();
  const { warnings } = await loadYaml(`
version: 0.1
http: {addr: ":5000", secret: hunter2, host: "https://x", headers: {X: [y]}, debug: {addr: ":1"}}
storage: {cache: {blobdescriptor: inmemory}, delete: {enabled: true}, s3: {secretkey: hunter2}}
redis: {password: hunter2}
middleware: {registry: [{name: downstream, options: {blobttl: 24h}}]}
`);
  expect(warnings).toEqual([
    'these settings are ignored, as they mean nothing to this cache: http.debug, http.headers, redis, storage.cache, storage.s3',
    'these settings are accepted, but have no effect yet: http.host, http.secret, middleware.registry, storage.delete',
  ]);
});

test('the example names every setting, and is right', async () => {
  const tree = new ConfigTree(
    await readConfigFile(fileURLToPath(new URL('../../../deploy/config.yml', import.meta.url))),
  );
  for (const key of [...SETTING_KEYS, ...FILE_ONLY_KEYS.filter((name) => !name.includes('*'))]) {
    expect(tree.get(key.split('.')), key).toBeDefined();
  }
  const findings = new Findings();
  const document = parseConfigDocument(tree, findings);
  expect(() => findings.throwProblems()).not.toThrow();
  expect(document.upstreams?.['registry.example.com:5000']).toEqual({
    url: 'http://registry.example.com:5000',
    cas: [],
    tagttl: 60_000,
    tokenhosts: [],
    maxconnections: 64,
  });
});
