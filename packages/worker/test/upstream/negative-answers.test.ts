import { digestOf, parseReference } from '@registry-cache/oci';
import { describe, expect, it } from 'vitest';
import type { UpstreamRegistry } from '../../src/upstream/upstream-registry.ts';
import { startLoopbackServer } from './support/loopback-server.ts';
import {
  DIGEST,
  LATEST,
  NAME,
  patiently,
  registryOf,
  settingsOf,
  upstreamErrorOf,
} from './support/registry-of.ts';

const QUESTIONS: [string, (registry: UpstreamRegistry) => Promise<unknown>][] = [
  ['manifestGet', (registry) => registry.manifestGet(NAME, LATEST, patiently())],
  ['manifestHead', (registry) => registry.manifestHead(NAME, LATEST, patiently())],
  ['blobGet', (registry) => registry.blobGet(NAME, DIGEST, patiently())],
  ['blobHead', (registry) => registry.blobHead(NAME, DIGEST, patiently())],
];

describe.each(QUESTIONS)('%s', (_, ask) => {
  it('that was answered with 404 is not asked again for some seconds', async () => {
    let status = 404;
    const clock = { nowMs: Date.now() };
    const upstream = await startLoopbackServer((response) =>
      response.writeHead(status, { 'content-length': 2 }).end('{}'),
    );
    const registry = registryOf(upstream.origin, { now: () => clock.nowMs });
    expect(await ask(registry)).toBeUndefined();
    status = 200;
    clock.nowMs += 4999;
    expect(await ask(registry)).toBeUndefined();
    expect(upstream.requests).toHaveLength(1);
    clock.nowMs += 1;
    expect(await ask(registry)).toBeDefined();
    expect(await ask(registry)).toBeDefined();
    expect(upstream.requests).toHaveLength(3);
  });

  it('that was denied is denied again for some seconds', async () => {
    const clock = { nowMs: Date.now() };
    const upstream = await startLoopbackServer((response) => response.writeHead(401).end());
    const registry = registryOf(upstream.origin, { now: () => clock.nowMs });
    const first = await upstreamErrorOf(ask(registry));
    const again = await upstreamErrorOf(ask(registry));
    expect(first).toMatchObject({ code: 'denied', status: 401, remembered: false });
    expect(again).toMatchObject({ code: 'denied', status: 401, remembered: true, message: first.message });
    expect(upstream.requests).toHaveLength(1);
    clock.nowMs += 5000;
    expect(await upstreamErrorOf(ask(registry))).toMatchObject({ remembered: false });
  });

  it('that failed is asked again', async () => {
    const upstream = await startLoopbackServer((response) => response.writeHead(500).end());
    const registry = registryOf(upstream.origin);
    await upstreamErrorOf(ask(registry));
    await upstreamErrorOf(ask(registry));
    expect(upstream.requests).toHaveLength(2);
  });
});

it('the absence of one thing says nothing about another', async () => {
  const upstream = await startLoopbackServer((response) => response.writeHead(404).end());
  const registry = registryOf(upstream.origin);
  for (const reference of ['latest', 'v1', DIGEST, digestOf(Buffer.from('other'))]) {
    await registry.manifestGet(NAME, parseReference(reference), patiently());
  }
  expect(upstream.requests).toHaveLength(4);
});

it('an update forgets them, whatever it changes', async () => {
  const upstream = await startLoopbackServer((response) => response.writeHead(404).end());
  const registry = registryOf(upstream.origin);
  await registry.manifestGet(NAME, LATEST, patiently());
  registry.update(settingsOf(upstream.origin, { tagTtlMs: 1 }));
  await registry.manifestGet(NAME, LATEST, patiently());
  expect(upstream.requests).toHaveLength(2);
});
