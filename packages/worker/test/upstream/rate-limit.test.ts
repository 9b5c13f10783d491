import { parseRepositoryName } from '@registry-cache/oci';
import { describe, expect, it } from 'vitest';
import type { UpdatableUpstreamRegistry } from '../../src/upstream/create-upstream-registry.ts';
import { startLoopbackServer, type LoopbackServer } from './support/loopback-server.ts';
import { createRecordedLog } from './support/recorded-log.ts';
import {
  DIGEST,
  LATEST,
  NAME,
  patiently,
  registryOf,
  settingsOf,
  upstreamErrorOf,
} from './support/registry-of.ts';

interface Fixture {
  readonly upstream: LoopbackServer;
  readonly registry: UpdatableUpstreamRegistry;
  readonly clock: { nowMs: number };
  readonly messages: readonly string[];
  readonly ask: () => Promise<unknown>;
}

async function startFixture(retryAfter: string | undefined): Promise<Fixture> {
  const upstream = await startLoopbackServer((response) =>
    response.writeHead(429, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end(),
  );
  const clock = { nowMs: Date.now() };
  const { log, messages } = createRecordedLog();
  const registry = registryOf(upstream.origin, { now: () => clock.nowMs, log });
  const ask: Fixture['ask'] = () => registry.manifestGet(NAME, LATEST, patiently());
  return { upstream, registry, clock, messages, ask };
}

describe('after a 429', () => {
  it('the upstream is asked nothing until its Retry-After has passed', async () => {
    const { upstream, registry, clock, ask } = await startFixture('17');
    expect(await upstreamErrorOf(ask())).toMatchObject({
      code: 'rate-limited',
      retryAfterSeconds: 17,
      remembered: false,
    });
    clock.nowMs += 16_500;
    for (const question of [
      ask(),
      registry.manifestHead(parseRepositoryName('another/image'), LATEST, patiently()),
      registry.blobHead(NAME, DIGEST, patiently()),
      registry.blobGet(NAME, DIGEST, patiently()),
      registry.list(NAME, 'tags/list', '', patiently()),
    ]) {
      const error = await upstreamErrorOf(question);
      expect(error).toMatchObject({
        code: 'rate-limited',
        status: 429,
        retryAfterSeconds: 1,
        remembered: true,
      });
    }
    expect(upstream.requests).toHaveLength(1);
    clock.nowMs += 500;
    expect(await upstreamErrorOf(ask())).toMatchObject({ remembered: false });
  });

  it.each([
    ['without a Retry-After', undefined, 10],
    ['with one of 0', '0', 1],
    ['with one of a day', '86400', 300],
  ])('%s the pause is bounded', async (_, retryAfter, pauseSeconds) => {
    const { clock, ask } = await startFixture(retryAfter);
    await upstreamErrorOf(ask());
    expect(await upstreamErrorOf(ask())).toMatchObject({ retryAfterSeconds: pauseSeconds });
    clock.nowMs += pauseSeconds * 1000;
    expect(await upstreamErrorOf(ask())).toMatchObject({ remembered: false });
  });

  it('a herd is logged once', async () => {
    const { messages, ask } = await startFixture('17');
    await Promise.all(Array.from({ length: 20 }, () => upstreamErrorOf(ask())));
    await upstreamErrorOf(ask());
    expect(messages).toEqual(['upstream limits our requests: it is left alone']);
  });

  it('other credentials are tried at once', async () => {
    const { upstream, registry, ask } = await startFixture('17');
    await upstreamErrorOf(ask());
    registry.update(settingsOf(upstream.origin, { tagTtlMs: 1 }));
    expect(await upstreamErrorOf(ask())).toMatchObject({ remembered: true });
    const credential = { kind: 'registry-token', token: 't' } as const;
    registry.update(settingsOf(upstream.origin, { credentials: [{ repositoryPrefix: '', credential }] }));
    expect(await upstreamErrorOf(ask())).toMatchObject({ remembered: false });
  });
});
