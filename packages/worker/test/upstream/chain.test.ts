import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { UpstreamError, type UpstreamErrorCode } from '../../src/upstream/upstream-error.ts';
import type { UpstreamBlob } from '../../src/upstream/upstream-registry.ts';
import { createDeferred } from './support/deferred.ts';
import { DIGEST, LATEST, NAME, patiently, upstreamErrorOf } from './support/registry-of.ts';
import {
  createScriptedChain,
  fails,
  hangs,
  openBlob,
  sends,
  type ScriptedPlace,
} from './support/scripted-chain.ts';

const FAILURES: readonly [UpstreamErrorCode, number][] = [
  ['unreachable', 0],
  ['timeout', 0],
  ['denied', 403],
  ['rate-limited', 429],
  ['failed', 500],
  ['failed', 416],
  ['failed', 508],
  ['invalid', 206],
];

afterEach(() => void vi.useRealTimers());

/** A body of which a part is there, and more is to come. */
function growing(part: string): Readable {
  const body = new Readable({ read() {} });
  body.push(part);
  return body;
}

function etagsSentTo({ gets }: ScriptedPlace): (string | undefined)[] {
  return gets.map(({ range }) => range?.etag);
}

describe('a blob', () => {
  it('is asked of the caches in turn, whichever client asks, and not of the origin', async () => {
    const { origin, registry, otherClient } = createScriptedChain();
    const senders: string[] = [];
    for (const client of [registry, otherClient, registry, otherClient]) {
      senders.push(await text((await openBlob(client)).body));
    }
    expect(senders).toEqual(['a', 'b', 'a', 'b']);
    expect(origin.gets).toHaveLength(0);
  });

  it.each(FAILURES)('comes from the next cache where one is %s (%i)', async (code, status) => {
    const { a, get } = createScriptedChain();
    a.answer = fails(code, { status });
    expect(await get()).toBe('b');
    expect(a.gets).toHaveLength(1);
  });

  it('comes from the next cache where one does not have it', async () => {
    const { a, get } = createScriptedChain();
    a.answer = async () => undefined;
    expect(await get()).toBe('b');
  });

  it('comes from the next cache where one does not begin to answer, whose request is aborted', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { a, get, lines } = createScriptedChain();
    a.answer = hangs;
    const blob = get();
    await vi.advanceTimersByTimeAsync(9_999);
    expect(a.gets[0]?.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await blob).toBe('b');
    expect(a.gets[0]?.signal.aborted).toBe(true);
    expect(lines).toContainEqual(
      expect.objectContaining({ reason: 'https://a.example did not begin to answer within 10 s' }),
    );
  });

  it('may take longer than its headers', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { a, registry } = createScriptedChain(1);
    const body = growing('one ');
    a.answer = sends(body);
    const blob = await openBlob(registry);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(a.gets[0]?.signal.aborted).toBe(false);
    body.push('two');
    body.push(null);
    expect(await text(blob.body)).toBe('one two');
  });

  it('comes from the origin where no cache sends it', async () => {
    const { caches, get } = createScriptedChain();
    for (const cache of caches) cache.answer = async () => undefined;
    expect(await get()).toBe('origin');
  });

  it('comes from the origin where there are no caches', async () => {
    expect(await createScriptedChain(0).get()).toBe('origin');
  });

  it('is unknown when the origin says so', async () => {
    const { caches, origin, get } = createScriptedChain();
    for (const cache of caches) cache.answer = fails('denied');
    origin.answer = async () => undefined;
    expect(await get()).toBeUndefined();
  });

  it('fails with the error of the origin', async () => {
    const { caches, origin, get } = createScriptedChain();
    for (const cache of caches) cache.answer = fails('unreachable');
    origin.answer = fails('denied', { status: 403 });
    expect(await upstreamErrorOf(get())).toMatchObject({ code: 'denied', status: 403 });
  });

  it('is asked of nobody else after an error that is none of a registry', async () => {
    const { a, b, origin, get } = createScriptedChain();
    a.answer = () => Promise.reject(new TypeError('a mistake of ours'));
    await expect(get()).rejects.toThrow('a mistake of ours');
    expect([...b.gets, ...origin.gets]).toHaveLength(0);
  });
});

describe('a caller who leaves', () => {
  it.each([
    ['for reasons of its own', new Error('left')],
    ['as an upstream would', new UpstreamError('timeout', 'left')],
  ])('%s ends a question at once, and nobody else is asked', async (_, reason) => {
    const { a, b, origin, registry, told } = createScriptedChain();
    a.answer = hangs;
    const caller = new AbortController();
    const blob = registry.blobGet(NAME, DIGEST, { signal: caller.signal });
    caller.abort(reason);
    await expect(blob).rejects.toBe(reason);
    expect([...b.gets, ...origin.gets]).toHaveLength(0);
    expect(told).toEqual([]);
  });

  it('asks nobody when it had left before', async () => {
    const { origin, registry } = createScriptedChain(0);
    const signal = AbortSignal.abort(new Error('left'));
    await expect(registry.blobGet(NAME, DIGEST, { signal })).rejects.toThrow('left');
    expect(origin.gets).toHaveLength(0);
  });

  it('breaks the body, which is not held against the cache', async () => {
    const { a, registry, get, told } = createScriptedChain(1);
    a.answer = sends(growing('a part'));
    const caller = new AbortController();
    const blob = await openBlob(registry, { signal: caller.signal });
    const read = text(blob.body);
    // As a registry does that is told by the same signal.
    caller.abort(new UpstreamError('timeout', 'the caller has no more time'));
    await expect(read).rejects.toThrow('no more time');
    expect(told).toEqual([]);
    a.answer = sends('a');
    expect(await get()).toBe('a');
  });

  it('may destroy the body, which is not held against the cache', async () => {
    const { a, registry, get, told } = createScriptedChain(1);
    a.answer = sends(growing('a part'));
    const blob = await openBlob(registry);
    blob.body.destroy(new Error('have seen enough'));
    await new Promise((resolve) => blob.body.once('close', resolve));
    expect(told).toEqual([]);
    a.answer = sends('a');
    expect(await get()).toBe('a');
  });
});

it('everything but a blob is asked of the origin alone', async () => {
  const { caches, origin, registry } = createScriptedChain();
  const options = patiently();
  await registry.manifestGet(NAME, LATEST, options);
  await registry.manifestHead(NAME, LATEST, options);
  await registry.blobHead(NAME, DIGEST, options);
  await registry.list(NAME, 'tags/list', '', options);
  await registry.login(options);
  await registry.close();
  expect(origin.asked).toEqual(['manifestGet', 'manifestHead', 'blobHead', 'list', 'login', 'close']);
  expect(caches.flatMap(({ asked, gets }) => [...asked, ...gets])).toEqual([]);
});

describe('the rest of a blob', () => {
  async function breakOff(body: Readable, blob: UpstreamBlob): Promise<void> {
    const received = text(blob.body);
    body.destroy(new UpstreamError('unreachable', 'the connection broke'));
    await expect(received).rejects.toThrow('the connection broke');
  }

  it.each([
    ['another cache', 2, 'b'],
    ['the origin where there is no other cache', 1, 'origin'],
  ])(
    'is asked of %s than the one that broke off, even when its pause is over',
    async (_, count, expected) => {
      const { a, registry, clock, get } = createScriptedChain(count);
      const body = growing('a part');
      a.answer = sends(body);
      await breakOff(body, await openBlob(registry));
      clock.nowMs += 5000;
      // So that it is the turn of the one that broke off.
      if (count === 2) await get();
      a.answer = sends('a');
      expect(await get({ start: 6 })).toBe(expected);
    },
  );

  it('is asked of the caches again when the origin broke off', async () => {
    const { a, origin, registry, get } = createScriptedChain(1);
    const body = growing('a part');
    a.answer = async () => undefined;
    origin.answer = sends(body);
    await breakOff(body, await openBlob(registry));
    a.answer = sends('a');
    expect(await get({ start: 6 })).toBe('a');
  });

  it('is asked of everybody again a minute after one broke off', async () => {
    const { a, registry, clock, get } = createScriptedChain(1);
    const body = growing('a part');
    a.answer = sends(body);
    await breakOff(body, await openBlob(registry));
    a.answer = sends('a');
    clock.nowMs += 59_999;
    expect(await get({ start: 6 })).toBe('origin');
    clock.nowMs += 1;
    expect(await get({ start: 6 })).toBe('a');
  });

  it('is asked with an If-Range only of who sent the validator', async () => {
    const { a, b, caches, origin, get } = createScriptedChain(2);
    a.answer = sends('a', '"of a"');
    await get();
    const range = { start: 1, etag: '"of a"' };
    for (const cache of caches) cache.answer = async () => undefined;
    await get(range);
    expect([a, b, origin].map(etagsSentTo)).toEqual([[undefined, '"of a"'], [undefined], [undefined]]);
    expect(origin.gets[0]?.range).toEqual({ start: 1 });
  });

  it('is asked with an If-Range of the origin, where the validator is from there', async () => {
    const { a, origin, get } = createScriptedChain(1);
    a.answer = async () => undefined;
    origin.answer = sends('origin', '"of the origin"');
    await get();
    await get({ start: 1, etag: '"of the origin"' });
    expect(origin.gets[1]?.range).toEqual({ start: 1, etag: '"of the origin"' });
    expect(a.gets[1]?.range).toEqual({ start: 1 });
  });

  it('is asked without a validator that nobody sent for this blob', async () => {
    const { a, get } = createScriptedChain(1);
    await get({ start: 1, end: 4, etag: '"from before a restart"' });
    expect(a.gets[0]?.range).toEqual({ start: 1, end: 4 });
  });
});

describe('a blob that turns out to be another', () => {
  const REJECTED =
    'warn: cache is passed over: it sent bytes of a blob that does not match its digest, check its disk';

  it('has the caches that sent it passed over for ten minutes, and told of once', async () => {
    const { registry, clock, get, told, lines } = createScriptedChain(3);
    await get();
    await get({ start: 1 });
    registry.rejectBlob?.(DIGEST);
    registry.rejectBlob?.(DIGEST);
    expect(told).toEqual([`${REJECTED} (https://a.example)`, `${REJECTED} (https://b.example)`]);
    expect(lines).toContainEqual(
      expect.objectContaining({ askedCache: 'https://a.example', digest: DIGEST }),
    );
    clock.nowMs += 599_999;
    expect([await get(), await get()]).toEqual(['c', 'c']);
    clock.nowMs += 1;
    expect([await get(), await get(), await get()]).toEqual(['a', 'b', 'c']);
  });

  it('is held against a cache that was passed over for a moment anyway', async () => {
    const { a, registry, clock, get } = createScriptedChain(1);
    await get();
    a.answer = fails('unreachable');
    await get();
    registry.rejectBlob?.(DIGEST);
    a.answer = sends('a');
    clock.nowMs += 60_000;
    expect(await get()).toBe('origin');
  });

  it('is not made good by an answer that was on its way', async () => {
    const { a, registry, clock, get } = createScriptedChain(1);
    await get();
    const late = createDeferred();
    a.answer = async (options) => {
      await late.promise;
      return sends('a')(options);
    };
    const underWay = get();
    registry.rejectBlob?.(DIGEST);
    late.resolve();
    expect(await underWay).toBe('a');
    clock.nowMs += 60_000;
    expect(await get()).toBe('origin');
  });

  it('is not made good by an answer to the one request that tries a cache again', async () => {
    const { a, registry, clock, get } = createScriptedChain(1);
    await get();
    a.answer = fails('unreachable');
    await get();
    clock.nowMs += 2000;
    const late = createDeferred();
    a.answer = async (options) => {
      await late.promise;
      return sends('a')(options);
    };
    const trial = get();
    registry.rejectBlob?.(DIGEST);
    late.resolve();
    expect(await trial).toBe('a');
    expect(await get()).toBe('origin');
  });

  it('is held against nobody when only the origin sent it', async () => {
    const { a, registry, get, told, lines } = createScriptedChain(1);
    a.answer = async () => undefined;
    await get();
    registry.rejectBlob?.(DIGEST);
    expect(told).toEqual([]);
    expect(lines.at(-1)).toMatchObject({ level: 'debug', digest: DIGEST });
  });

  it('is held against nobody who sent it more than an hour ago', async () => {
    const { registry, clock, get, told } = createScriptedChain(1);
    await get();
    clock.nowMs += 60 * 60_000;
    registry.rejectBlob?.(DIGEST);
    expect(told).toEqual([]);
  });
});
