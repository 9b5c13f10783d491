import { expect, test } from 'vitest';
import { scriptedProcess } from './support/scripted-supervisor.ts';
import { startTestAdmin } from './support/start-test-admin.ts';

test('it is ready when a proxy serves, and workers that sleep do not count against it', async () => {
  const admin = await startTestAdmin();
  expect((await admin.debug('GET', '/readyz')).status).toBe(503);
  admin.supervisor.processes.push(
    scriptedProcess({ id: 'proxy', name: 'proxy' }),
    scriptedProcess({ id: 'worker quay.io', name: 'worker', upstream: 'quay.io', state: 'asleep' }),
  );
  await expect.poll(async () => (await admin.debug('GET', '/readyz')).text).toBe('ok\n');
});

test('a process that has ended by itself is told, and health is not touched by it', async () => {
  const admin = await startTestAdmin();
  admin.supervisor.processes.push(
    scriptedProcess({ id: 'proxy', name: 'proxy' }),
    scriptedProcess({ id: 'logger', name: 'logger', state: 'ended' }),
  );
  await expect.poll(async () => (await admin.debug('GET', '/readyz')).text).toContain('logger has ended');
  expect(await admin.debug('GET', '/readyz')).toMatchObject({ status: 503 });
  expect(await admin.debug('GET', '/healthz')).toMatchObject({ status: 200, text: 'ok\n' });
});
