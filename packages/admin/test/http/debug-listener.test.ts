import { once } from 'node:events';
import { createServer } from 'node:net';
import { createLog } from '@registry-cache/runtime';
import { expect, onTestFinished, test } from 'vitest';
import { findFreePort } from '../../../../test/support/free-port.ts';
import { createDebugListener, type DebugListener } from '../../src/http/debug-listener.ts';
import { debugSettings, startTestAdmin } from '../support/start-test-admin.ts';

interface Scene {
  readonly listener: DebugListener;
  readonly logged: Readonly<Record<string, unknown>>[];
}

function openScene(): Scene {
  const logged: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void logged.push(JSON.parse(line)) };
  const log = createLog({ level: 'info', fields: {}, destination });
  const listener = createDebugListener({
    listener: (_, response) => void response.end('here'),
    log,
    retryMs: 10,
  });
  onTestFinished(() => listener.close());
  return { listener, logged };
}

async function ask(port: number): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/`)).text();
}

test('it comes, moves and goes with the settings', async () => {
  const { listener } = openScene();
  const [first, second] = [await findFreePort(), await findFreePort()];
  await listener.apply(debugSettings(first));
  expect(await ask(first)).toBe('here');
  await listener.apply(debugSettings(second));
  expect(await ask(second)).toBe('here');
  await expect(ask(first)).rejects.toThrow();
  await listener.apply(undefined);
  await expect(ask(second)).rejects.toThrow();
});

test('a port that another process has is said once, and taken when it is free', async () => {
  const { listener, logged } = openScene();
  const port = await findFreePort();
  const other = createServer().listen(port, '127.0.0.1');
  await once(other, 'listening');
  await listener.apply(debugSettings(port));
  expect(logged).toMatchObject([
    { level: 'error', port, reason: expect.stringContaining('set http.debug.addr') },
  ]);
  other.close();
  await expect.poll(() => ask(port).catch(() => undefined)).toBe('here');
  expect(logged.filter(({ level }) => level === 'error')).toHaveLength(1);
});

test('a port that cannot be had stops nothing else', async () => {
  const port = await findFreePort();
  const other = createServer().listen(port, '127.0.0.1');
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  const admin = await startTestAdmin({ debug: debugSettings(port) });
  expect((await admin.control('GET', '/api/v1/status')).status).toBe(200);
});
