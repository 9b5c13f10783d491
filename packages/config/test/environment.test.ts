import { expect, test } from 'vitest';
import { ConfigTree } from '../src/config-tree.ts';
import { applyEnvironment } from '../src/environment.ts';
import { Findings } from '../src/findings.ts';
import { SETTING_KEYS } from '../src/setting-keys.ts';

function apply(env: Record<string, string>): { tree: ConfigTree; warnings: readonly string[] } {
  const tree = new ConfigTree({});
  const findings = new Findings();
  applyEnvironment(env, tree, findings);
  return { tree, warnings: findings.warnings };
}

test.each(SETTING_KEYS)('%s has its variable', (key) => {
  const { tree, warnings } = apply({ [`REGISTRY_${key.toUpperCase().replaceAll('.', '_')}`]: 'x' });
  expect(tree.get(key.split('.'))).toBe('x');
  expect(warnings).toEqual([]);
});

test.each([
  ['CLEANER_MAXSIZE', 'cleaner.maxsize'],
  ['CLEANER_THRESHOLD_PERCENTAGE', 'cleaner.thresholdpercentage'],
  ['CLEANER_RUNEVERY_TIME', 'cleaner.runevery'],
  ['IGNOREREGISTRYLIST', 'ignoreregistries'],
  ['PULLSECRETPATH', 'pullsecret'],
  ['REGISTRYDIR', 'storage.filesystem.rootdirectory'],
])('%s is %s, and messages name the variable', (name, key) => {
  const { tree } = apply({ [name]: 'x' });
  expect(tree.get(key.split('.'))).toBe('x');
  expect(tree.label(key.split('.'))).toBe(name);
});

test('an empty variable is as good as unset', () => {
  const { tree, warnings } = apply({ CLEANER_MAXSIZE: '', REGISTRY_HTTP_ADDR: '', REGISTRY_NONSENSE: '' });
  expect(tree.root).toEqual({});
  expect(warnings).toEqual([]);
});

test('CLEANER_BTWDELETES_TIME is accepted with one warning', () => {
  const { tree, warnings } = apply({ CLEANER_BTWDELETES_TIME: '2' });
  expect(tree.root).toEqual({});
  expect(warnings).toEqual([expect.stringContaining('CLEANER_BTWDELETES_TIME')]);
});

test("Kubernetes' service variables are passed over in silence", () => {
  const { tree, warnings } = apply({
    REGISTRY_PORT: 'tcp://10.0.0.1:8443',
    REGISTRY_SERVICE_HOST: '10.0.0.1',
    REGISTRY_SERVICE_PORT: '8443',
    REGISTRY_SERVICE_PORT_HTTPS: '8443',
    REGISTRY_PORT_8443_TCP: 'tcp://10.0.0.1:8443',
    REGISTRY_PORT_8443_TCP_PROTO: 'tcp',
    REGISTRY_PORT_8443_TCP_PORT: '8443',
    REGISTRY_PORT_8443_TCP_ADDR: '10.0.0.1',
    REGISTRY_CACHE_SERVICE_HOST: '10.0.0.1',
    REGISTRY_CACHE_PORT: 'tcp://10.0.0.1:8443',
    REGISTRY_CACHE_PORT_8443_TCP: 'tcp://10.0.0.1:8443',
    REGISTRY_AUTH_PORT: 'tcp://10.0.0.1:5001',
  });
  expect(tree.root).toEqual({});
  expect(warnings).toEqual([]);
});

test('other unknown variables are warned about without their values', () => {
  const { tree, warnings } = apply({
    REGISTRY_HTTP_ADRR: 'hunter2',
    REGISTRY_HTTP_PORT: '5000',
    REGISTRY_REDIS_PASSWORD: 'hunter2',
    REGISTRY_HTTP_HEADERS: 'hunter2',
  });
  expect(tree.root).toEqual({});
  expect(warnings).toEqual([
    'REGISTRY_HTTP_ADRR is ignored: no setting has that name, did you mean REGISTRY_HTTP_ADDR?',
    expect.stringContaining('REGISTRY_HTTP_HEADERS is ignored'),
    expect.stringContaining('REGISTRY_HTTP_PORT is ignored'),
    expect.stringContaining('REGISTRY_REDIS_PASSWORD is ignored'),
  ]);
  expect(warnings.join()).not.toContain('hunter2');
});

test('what only config.yml can hold says so', () => {
  const { tree, warnings } = apply({ REGISTRY_NOTIFICATIONS_ENDPOINTS: '- url: https://u:hunter2@a.io' });
  expect(tree.root).toEqual({});
  expect(warnings).toEqual([
    'REGISTRY_NOTIFICATIONS_ENDPOINTS is ignored: notifications.endpoints can be set in config.yml only',
  ]);
});

test('REGISTRY_AUTH and REGISTRY_STORAGE choose a section and keep what is in it', () => {
  const { tree } = apply({
    REGISTRY_AUTH: 'htpasswd',
    REGISTRY_AUTH_HTPASSWD_PATH: '/a',
    REGISTRY_STORAGE: 'filesystem',
  });
  expect(tree.root).toEqual({ auth: { htpasswd: { path: '/a' } }, storage: { filesystem: {} } });
});
