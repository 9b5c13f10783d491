import { expect, test } from 'vitest';
import { createWorkspace } from './support/workspace.ts';

test.each([
  ['', { format: 'json', blobs: false }],
  ['log: {accesslog: {format: text, blobs: true}}', { format: 'text', blobs: true }],
  ['log: {accesslog: {disabled: false}}', { format: 'json', blobs: false }],
  ['log: {accesslog: {disabled: true, format: text}}', undefined],
])('%j', async (yaml, access) => {
  const { loadYaml } = await createWorkspace();
  expect((await loadYaml(yaml)).log.access).toEqual(access);
});

test("distribution's variable switches it off", async () => {
  const { load } = await createWorkspace();
  const { log, warnings } = await load({ env: { REGISTRY_LOG_ACCESSLOG_DISABLED: 'true' } });
  expect(log).toEqual({ level: 'info' });
  expect(warnings).not.toContainEqual(expect.stringContaining('ignored'));
});
