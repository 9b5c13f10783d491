import { parseRepositoryName, type RepositoryName } from '@registry-cache/oci';
import { describe, expect, it } from 'vitest';
import type { UpdatableUpstreamRegistry } from '../../src/upstream/create-upstream-registry.ts';
import { createDeferred } from './support/deferred.ts';
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
  /** What the upstream answers. */
  readonly next: { status: number; when: Promise<void> | undefined };
  readonly messages: readonly string[];
  readonly ask: (name?: RepositoryName, signal?: AbortSignal) => Promise<unknown>;
  /** As many different repositories as it takes. */
  readonly fail: (times: number) => Promise<void>;
}

async function startFixture(): Promise<Fixture> {
  const next: Fixture['next'] = { status: 503, when: undefined };
  const upstream = await startLoopbackServer((response) => {
    const { status, when = Promise.resolve() } = next;
    void when.then(() => response.writeHead(status).end('{}'));
  });
  const clock = { nowMs: Date.parse('2026-01-01T00:00:00Z') };
  const { log, messages } = createRecordedLog();
  const registry = registryOf(upstream.origin, { now: () => clock.nowMs, log });
  const ask: Fixture['ask'] = (name = NAME, signal = patiently().signal) =>
    registry.manifestGet(name, LATEST, { signal });
  return {
    upstream,
    registry,
    clock,
    next,
    messages,
    ask,
    async fail(times) {
      for (let n = 0; n < times; n++) await upstreamErrorOf(ask(parseRepositoryName(`failing/${n}`)));
    },
  };
}

describe('an upstream that fails three times in a row', () => {
  it('is not asked, and the error says since when, why, and when it is asked again', async () => {
    const { upstream, clock, ask, fail } = await startFixture();
    await fail(3);
    clock.nowMs += 500;
    expect(await upstreamErrorOf(ask())).toMatchObject({
      code: 'failed',
      retryAfterSeconds: 2,
      remembered: true,
      message: expect.stringMatching(
        /^quay\.io has been down since 2026-01-01T00:00:00\.000Z, it is asked again in 2 s: .* answered 503/,
      ),
    });
    expect(upstream.requests).toHaveLength(3);
  });

  it('is not asked anything else either', async () => {
    const { upstream, registry, fail } = await startFixture();
    await fail(3);
    for (const question of [
      registry.manifestHead(NAME, LATEST, patiently()),
      registry.blobHead(NAME, DIGEST, patiently()),
      registry.blobGet(NAME, DIGEST, patiently()),
      registry.list(NAME, 'tags/list', '', patiently()),
    ]) {
      expect(await upstreamErrorOf(question)).toMatchObject({ remembered: true });
    }
    expect(upstream.requests).toHaveLength(3);
  });

  it('is asked one question after a pause, while the others still fail at once', async () => {
    const { upstream, clock, next, ask, fail } = await startFixture();
    await fail(3);
    clock.nowMs += 2000;
    const gate = createDeferred();
    Object.assign(next, { status: 200, when: gate.promise });
    const probe = ask();
    const other = await upstreamErrorOf(ask());
    expect(other).toMatchObject({
      remembered: true,
      message: expect.stringContaining('is being asked again'),
    });
    gate.resolve();
    expect(await probe).toBeDefined();
    expect(await ask()).toBeDefined();
    expect(upstream.requests).toHaveLength(5);
  });

  it('is left alone for longer each time, up to half a minute', async () => {
    const { clock, ask, fail } = await startFixture();
    await fail(3);
    const pauses: (number | undefined)[] = [];
    for (let n = 0; n < 6; n++) {
      const { retryAfterSeconds = 0 } = await upstreamErrorOf(ask());
      pauses.push(retryAfterSeconds);
      clock.nowMs += retryAfterSeconds * 1000;
      expect(await upstreamErrorOf(ask())).toMatchObject({ remembered: false });
    }
    expect(pauses).toEqual([2, 4, 8, 16, 30, 30]);
  });

  it.each([200, 401, 404, 429])('is up again when it answers %i', async (status) => {
    const { clock, next, messages, ask, fail } = await startFixture();
    await fail(3);
    clock.nowMs += 2000;
    next.status = status;
    await ask(parseRepositoryName('org/probe')).catch(() => {});
    expect(messages).toContain('upstream answers again');
  });

  it('is asked by another when the one who asks leaves', async () => {
    const { clock, next, ask, fail } = await startFixture();
    await fail(3);
    clock.nowMs += 2000;
    const abort = new AbortController();
    next.when = new Promise(() => {});
    const probe = ask(NAME, abort.signal);
    abort.abort(new Error('left'));
    await expect(probe).rejects.toThrow('left');
    Object.assign(next, { status: 200, when: undefined });
    expect(await ask()).toBeDefined();
  });

  it('is logged once when it goes down and once when it comes back', async () => {
    const { clock, next, messages, ask, fail } = await startFixture();
    await fail(20);
    clock.nowMs += 2000;
    next.status = 200;
    await ask();
    await ask();
    expect(messages).toEqual([
      'upstream is down: it is asked now and then, and what is cached goes on being served',
      'upstream answers again',
    ]);
  });

  it('is asked at once with other settings of its connection, and not for another tagttl', async () => {
    const { upstream, registry, next, ask, fail } = await startFixture();
    await fail(3);
    next.status = 200;
    registry.update(settingsOf(upstream.origin, { tagTtlMs: 1000 }));
    expect(await upstreamErrorOf(ask())).toMatchObject({ remembered: true });
    registry.update(settingsOf(upstream.origin, { tokenHosts: ['auth.example.com'] }));
    expect(await ask()).toBeDefined();
  });
});

describe('what does not make an outage', () => {
  it.each([400, 401, 403, 404, 418])('%i', async (status) => {
    const { upstream, next, ask } = await startFixture();
    next.status = status;
    for (let n = 0; n < 5; n++) await ask(parseRepositoryName(`refused/${n}`)).catch(() => {});
    expect(upstream.requests).toHaveLength(5);
  });

  it('answers that make no sense', async () => {
    const { upstream, next, ask } = await startFixture();
    // A redirect to nowhere.
    next.status = 307;
    for (let n = 0; n < 5; n++) {
      const error = await upstreamErrorOf(ask(parseRepositoryName(`senseless/${n}`)));
      expect(error).toMatchObject({ code: 'invalid' });
    }
    expect(upstream.requests).toHaveLength(5);
  });

  it('failures with an answer between them', async () => {
    const { upstream, next, ask, fail } = await startFixture();
    await fail(2);
    next.status = 200;
    await ask();
    next.status = 503;
    await fail(2);
    expect(upstream.requests).toHaveLength(5);
  });

  it('one repository that is broken on its side', async () => {
    const { upstream, ask } = await startFixture();
    for (let n = 0; n < 5; n++) expect(await upstreamErrorOf(ask())).toMatchObject({ remembered: false });
    expect(upstream.requests).toHaveLength(5);
  });

  it('callers who leave', async () => {
    const { next, ask } = await startFixture();
    next.when = new Promise(() => {});
    for (let n = 0; n < 5; n++) {
      const abort = new AbortController();
      const question = ask(NAME, abort.signal);
      abort.abort(new Error('left'));
      await expect(question).rejects.toThrow('left');
    }
    Object.assign(next, { status: 200, when: undefined });
    expect(await ask()).toBeDefined();
  });
});

it('an upstream that nobody can reach costs a few attempts, also for one image alone', async () => {
  const upstream = await startLoopbackServer((response) => response.destroy());
  const registry = registryOf(upstream.origin);
  for (let n = 0; n < 10; n++) {
    const error = await upstreamErrorOf(registry.manifestGet(NAME, LATEST, patiently()));
    expect(error).toMatchObject({ code: 'unreachable', remembered: n >= 3 });
  }
});
