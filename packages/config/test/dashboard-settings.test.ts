import { expect, test } from 'vitest';
import { rejectionOf } from './support/problems.ts';
import { createWorkspace } from './support/workspace.ts';

const HASH = `$2y$05$${'a'.repeat(53)}`;

test('the dashboard on the port of clients is behind their login', async () => {
  const { loadYaml, write } = await createWorkspace();
  await write('auth/htpasswd', `alice:${HASH}\nbob:${HASH}\n`);
  const yaml = 'http: {addr: ":0", dashboard: {enabled: true, admins: [alice]}}\nauth: htpasswd';
  const { dashboard, warnings } = await loadYaml(yaml);
  expect(dashboard).toEqual({ admins: ['alice'] });
  expect(warnings).toEqual([]);
  const fromEnv = await loadYaml(yaml, { REGISTRY_HTTP_DASHBOARD_ADMINS: 'alice bob alice' });
  expect(fromEnv.dashboard).toEqual({ admins: ['alice', 'bob'] });
});

test('without a login it is refused', async () => {
  const { loadYaml } = await createWorkspace();
  expect((await rejectionOf(loadYaml('http: {dashboard: {enabled: true}}'))).problems).toEqual([
    { key: 'http.dashboard.enabled', message: expect.stringContaining('expected auth.htpasswd beside it') },
  ]);
});

test('a wrong htpasswd is one problem, not two', async () => {
  const { loadYaml } = await createWorkspace();
  const yaml = 'http: {dashboard: {enabled: true, admins: [alice]}}\nauth: {htpasswd: {path: /nowhere/file}}';
  expect((await rejectionOf(loadYaml(yaml))).problems).toMatchObject([{ key: 'auth.htpasswd.path' }]);
});

test('an admin who cannot log in is warned of', async () => {
  const { loadYaml, write } = await createWorkspace();
  await write('auth/htpasswd', `alice:${HASH}\n`);
  const { warnings } = await loadYaml(
    'http: {addr: ":0", dashboard: {enabled: true, admins: [alice, carol]}}\nauth: htpasswd',
  );
  expect(warnings).toEqual([expect.stringMatching(/^http\.dashboard\.admins: carol cannot log in/)]);
});

test('admins of no dashboard have no effect, with a warning', async () => {
  const { loadYaml } = await createWorkspace();
  const { dashboard, warnings } = await loadYaml('http: {addr: ":0", dashboard: {admins: [alice]}}');
  expect(dashboard).toBeUndefined();
  expect(warnings).toEqual([expect.stringContaining('http.dashboard.admins has no effect')]);
});
