import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startCachedUpstream, type CachedUpstream } from '../support/cached-upstream.ts';
import type { RunningCache } from '../support/cache/running-cache.ts';
import { blobPath, getManifest, pullImage } from '../support/client/pull-image.ts';
import { closeAtEnd } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { createGate } from '../support/gate.ts';
import { addColdImage } from '../support/image/cold-image.ts';
import { answerAfter, stallAfter } from '../support/upstream/behaviours.ts';

const TRANSITIONS = 4;

function startDrowsyCache(idletimeout: string): Promise<CachedUpstream> {
  return startCachedUpstream(closeAtEnd, {
    config: { workers: { idletimeout }, log: { level: 'debug' } },
    entry: { tagttl: '0s' },
  });
}

async function workersOf(cache: RunningCache): Promise<number[]> {
  return (await cache.children()).filter(({ name }) => name === 'worker').map(({ pid }) => pid);
}

function sleepsOf({ log }: RunningCache): number {
  return log.lines.filter(({ msg }) => msg.includes('sleeps until it is needed')).length;
}

function problemsOf({ log }: RunningCache): string[] {
  // The certificate of a test expires soon.
  const others = log.lines.filter(({ msg }) => msg !== 'please look at the configuration');
  const bad = others.filter((line) => ['warn', 'error', 'fatal'].includes(String(line['level'])));
  return bad.map((line) => JSON.stringify(line));
}

test('a cache that nobody has pulled from has no worker, and the first pull starts one', async () => {
  const { cache, client, upstream } = await startCachedUpstream(closeAtEnd);
  expect(await workersOf(cache)).toEqual([]);
  expect((await client.get('/readyz')).status).toBe(200);
  await pullImage(client, addColdImage(upstream, 'first').name, 'v1');
  expect(await workersOf(cache)).toHaveLength(1);
  expect(problemsOf(cache)).toEqual([]);
});

test('workers that may not sleep run from the beginning', async () => {
  const { cache } = await startDrowsyCache('0s');
  expect(await workersOf(cache)).toHaveLength(1);
});

test(
  'no pull fails while a worker falls asleep and wakes again and again',
  { timeout: 240_000 },
  async () => {
    const { cache, upstream } = await startDrowsyCache('5ms');
    const image = addColdImage(upstream, 'drowsy');
    let pulls = 0;
    const pullUntilEnough = async (client: ReturnType<RunningCache['client']>): Promise<void> => {
      for (; sleepsOf(cache) < TRANSITIONS; pulls++) {
        await pullImage(client, image.name, 'v1');
        // Before, while and after it goes to sleep.
        await sleep(Math.random() * 30);
      }
    };
    await Promise.all([cache.client(), cache.client()].map((client) => pullUntilEnough(client)));
    expect(pulls).toBeGreaterThan(TRANSITIONS / 2);
    expect(problemsOf(cache)).toEqual([]);
  },
);

test('a fill that nobody waits for keeps its worker awake', async () => {
  const { cache, client, upstream } = await startDrowsyCache('5ms');
  const image = addColdImage(upstream, 'deserted', { layers: [8_000_000] });
  const gate = createGate();
  upstream.misbehave({ path: new RegExp(image.layerDigest) }, stallAfter(4_000_000, gate.opened));
  (await client.open('GET', blobPath(image.name, image.layerDigest))).destroy();
  const [worker] = await workersOf(cache);
  // One that was idle would be gone many times over.
  await sleep(1500);
  expect([sleepsOf(cache), await workersOf(cache)]).toEqual([0, [worker]]);
  gate.open();
  await eventually('it sleeps', () => sleepsOf(cache) === 1);
  expect(cache.log.lines.map(({ msg }) => msg)).toContain('blob filled');
});

test('a question that nobody waits for keeps its worker awake', async () => {
  const { cache, client, upstream } = await startDrowsyCache('5ms');
  const image = addColdImage(upstream, 'overdue');
  await getManifest(client, image.name, 'v1');
  const gate = createGate();
  upstream.misbehave({ method: 'HEAD' }, answerAfter(gate.opened));
  const { headers } = await getManifest(client, image.name, 'v1');
  expect(headers['cache-status']).toContain('stale');
  const slept = sleepsOf(cache);
  await sleep(1500);
  expect(sleepsOf(cache)).toBe(slept);
  gate.open();
  await eventually('it sleeps', () => sleepsOf(cache) === slept + 1);
});

test('a new password that comes while the worker sleeps is the one that it uses', async () => {
  const { cache, client, upstream } = await startCachedUpstream(closeAtEnd, {
    upstream: { authentication: { kind: 'basic', accounts: [{ username: 'someone', password: 'old' }] } },
    pullSecret: { 'quay.io': { username: 'someone', password: 'old' } },
    config: { workers: { idletimeout: '100ms' } },
  });
  await pullImage(client, addColdImage(upstream, 'before').name, 'v1');
  await eventually('it sleeps', () => sleepsOf(cache) === 1);
  upstream.authenticateBy({ kind: 'basic', accounts: [{ username: 'someone', password: 'new' }] });
  await cache.folder.writePullSecret({ 'quay.io': { username: 'someone', password: 'new' } });
  await eventually('it is read', () => cache.log.lines.some(({ msg }) => msg === 'settings reloaded'));
  await expect(pullImage(client, addColdImage(upstream, 'after').name, 'v1')).resolves.toBeDefined();
  expect(problemsOf(cache)).toEqual([]);
});

test('SIGTERM while a worker starts lets the pull that it starts for finish', async () => {
  const { cache, client, upstream } = await startCachedUpstream(closeAtEnd);
  const image = addColdImage(upstream, 'stopping');
  const pulled = getManifest(client, image.name, 'v1');
  await eventually('it is needed', () => cache.log.text().includes('process is needed, starting it'));
  cache.terminate();
  await expect(pulled).resolves.toBeDefined();
  expect(await cache.exited()).toBe(0);
});

test('a worker that is killed while it sleeps or wakes costs no pull', async () => {
  const { cache, client, upstream } = await startDrowsyCache('5ms');
  const image = addColdImage(upstream, 'killed');
  await pullImage(client, image.name, 'v1');
  for (let kills = 0; kills < 3; kills++) {
    const pulled = getManifest(client, image.name, 'v1');
    await eventually('it starts', async () => (await workersOf(cache)).length > 0);
    await cache.kill('worker');
    await expect(pulled).resolves.toBeDefined();
  }
});
