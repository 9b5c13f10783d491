import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parseConfigDocument } from '../src/config-document.ts';
import { readConfigFile } from '../src/config-file.ts';
import { ConfigTree, isMap } from '../src/config-tree.ts';
import { takeDownstream } from '../src/downstream.ts';
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
  ['http: {host: cache.example.com}', 'http.host', expect.stringContaining('expected https:// or http://')],
  ['http: {host: "https://c.io/registry"}', 'http.host', expect.stringContaining('without a path')],
  ['http: {host: "https://c.io/?a"}', 'http.host', expect.stringContaining('without a path')],
  ['http: {host: "https://u:hunter2@c.io"}', 'http.host', expect.not.stringContaining('hunter2')],
  ['http: {secret: ""}', 'http.secret', 'expected a text, got an empty text'],
  ['http: {secret: [hunter2]}', 'http.secret', 'expected a text, got a list'],
  ['authorizationttl: 60', 'authorizationttl', expect.stringContaining('a duration with units')],
  ['authorizationtl: 60s', 'authorizationtl', 'unknown key, did you mean authorizationttl?'],
  ['storage: {delete: {enabled: 1}}', 'storage.delete.enabled', 'expected true or false, got 1'],
  ['cleaner: {blobttl: 24}', 'cleaner.blobttl', expect.stringContaining('a duration with units')],
  ['cleaner: {blobttl: 0s}', 'cleaner.blobttl', expect.stringContaining('expected more than nothing')],
  ['cleaner: {blobttl: 9999999h}', 'cleaner.blobttl', expect.stringContaining('at most 106751d')],
  ['cleaner: {blobttlfrom: pushed}', 'cleaner.blobttlfrom', 'expected fetched or pulled, got "pushed"'],
  [
    'upstreams: {quay.io: {authorization: registry}}',
    'upstreams.quay.io.authorization',
    'expected cache or origin, got "registry"',
  ],
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
  ['log: {accesslog: {format: xml}}', 'log.accesslog.format', 'expected json or text, got "xml"'],
  ['log: {accesslog: {blob: true}}', 'log.accesslog.blob', 'unknown key, did you mean log.accesslog.blobs?'],
  ['http: {debug: {addr: 5001}}', 'http.debug.addr', 'expected a text, got a number'],
  [
    'http: {debug: {addr: ":1", actions: everywhere}}',
    'http.debug.actions',
    'expected loopback, anywhere, or nowhere, got "everywhere"',
  ],
  ['warm: {every: 0s}', 'warm.every', 'expected at least 1s, got "0s"'],
  ['warm: {concurrency: 0}', 'warm.concurrency', 'expected a number from 1 to 64, got 0'],
  ['warm: {platforms: [arm64]}', 'warm.platforms', expect.stringContaining('expected os/architecture')],
  ['warm: {images: {quay.io: x}}', 'warm.images', 'expected a list, got a map'],
  ['notifications: {endpoints: {name: x}}', 'notifications.endpoints', 'expected a list, got a map'],
  ['cleaner: {pins: {quay.io: x}}', 'cleaner.pins', 'expected a text, got a map'],
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
http: {addr: ":5000", headers: {X: [y]}, debug: {tls: {key: hunter2}}}
notifications: {events: {includereferences: true}}
storage: {cache: {blobdescriptor: inmemory}, s3: {secretkey: hunter2}}
redis: {password: hunter2}
middleware: {repository: [{name: x, options: {password: hunter2}}], registry: [{name: other, options: {password: hunter2}}]}
`);
  expect(warnings).toEqual([
    'these settings are ignored, as they mean nothing to this cache: http.debug.tls, http.headers, middleware.repository, notifications.events, redis, storage.cache, storage.s3',
    'these middlewares are ignored, as they mean nothing to this cache: middleware.registry[0] (other)',
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
  const middlewares = tree.get(['middleware', 'registry']);
  for (const entry of Array.isArray(middlewares) ? middlewares : [])
    if (isMap(entry)) entry['disabled'] = false;
  const downstream = takeDownstream(tree, findings);
  const document = parseConfigDocument(tree, findings);
  expect(() => findings.throwProblems()).not.toThrow();
  expect(downstream).toMatchObject({ origin: { name: 'dtr.example.com' }, blobTtlMs: 86_400_000 });
  expect(document.upstreams?.['registry.example.com:5000']).toEqual({
    url: 'http://registry.example.com:5000',
    cas: [],
    authorization: 'cache',
    caches: [],
    tagttl: 60_000,
    tokenhosts: [],
    maxconnections: 64,
  });
});

test('the example warms, notifies and shows what it says', async () => {
  const example = await readConfigFile(fileURLToPath(new URL('../../../deploy/config.yml', import.meta.url)));
  const { warm, notifications, upstreams, cleaner, log } = example;
  const http = isMap(example['http']) ? { debug: example['http']['debug'] } : {};
  const yaml = JSON.stringify({ warm, notifications, upstreams, cleaner, log, http });
  const { loadYaml } = await createWorkspace();
  const settings = await loadYaml(yaml.replace('"disabled":true', '"disabled":false'));
  expect(settings.warm).toMatchObject({ rules: [{}, {}], bytesPerSecond: 20 * 1024 ** 2, concurrency: 2 });
  expect(settings.notifications).toMatchObject([{ name: 'listener', ignoredActions: ['evict'] }]);
  expect(settings.debug).toMatchObject({ host: '127.0.0.1', port: 5001, metricsPath: '/metrics' });
  expect(settings.cleaner.pins).toEqual([]);
});
