import type { UpstreamSettings } from '@registry-cache/config';
import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { checkConnections } from '../../../src/check/connect/check-connections.ts';
import { settingsOf } from '../../support/diagnose.ts';
import { startPlain } from '../../support/tls-server.ts';

test('at most eight servers are tried at a time, and each is told of in the order of the configuration', async () => {
  const held: ServerResponse[] = [];
  let most = 0;
  const port = await startPlain((_, res) => {
    held.push(res);
    most = Math.max(most, held.length);
  });
  const settings = await settingsOf({ url: `http://127.0.0.1:${port}` });
  const names = Array.from({ length: 20 }, (_, index) => `registry-${index}.test`);
  const upstreams = names.map((name) => ({
    ...settings.upstreams[0],
    name: name as UpstreamSettings['name'],
  })) as UpstreamSettings[];
  const checked = checkConnections({ ...settings, upstreams }, { images: [], timeoutMs: 60_000 });
  for (let left = names.length; left > 0; left -= 1) {
    await expect.poll(() => held.length).toBeGreaterThanOrEqual(Math.min(8, left));
    held.shift()?.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  }
  const { diagnoses, isBroken } = await checked;
  expect(most).toBe(8);
  expect(isBroken).toBe(false);
  expect(diagnoses.map(({ upstream }) => upstream)).toEqual([...names, undefined]);
});

test('what several servers lack is advised once', async () => {
  const settings = await settingsOf({ url: 'http://127.0.0.1:1' });
  const upstreams = [...settings.upstreams, ...settings.upstreams];
  const { advice } = await checkConnections({ ...settings, upstreams }, { images: [], timeoutMs: 20_000 });
  expect(advice.filter((line) => line.startsWith('nothing listens at 127.0.0.1:1,'))).toHaveLength(1);
});
