import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { UpstreamError, type UpstreamErrorCode } from '../../src/upstream/upstream-error.ts';
import type { BlobGetOptions } from '../../src/upstream/upstream-registry.ts';
import { createDeferred } from './support/deferred.ts';
import { DIGEST, LATEST, NAME, patiently, upstreamErrorOf } from './support/registry-of.ts';
import { createScriptedChain, fails, hangs, sends, type ScriptedPlace } from './support/scripted-chain.ts';

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
    const { registry, otherClient, origin } = createScriptedChain();
    const senders: string[] = [];
    for (const client of [registry, otherClient, registry, otherClient]) {
      const blob = await client.blobGet(NAME, DIGEST, patiently());
      senders.push(await text(blob?.body ?? []));
    }
    expect(senders).toEqual(['a', 'b', 'a', 'b']);
    expect(origin.gets).toHaveLength(0);
  });

  it.each(FAILURES)('comes from the next cache where one is %s (%i)', async (code, status) => {
    const { caches, get } = createScriptedChain();
    const [a] = caches;
    if (a !== undefined) a.answer = fails(code, { status });
    expect(await get()).toBe('b');
    expect(a?.gets).toHaveLength(1);
  });

  it('comes from the next cache where one does not have it', async () => {
    const { caches, get } = createScriptedChain();
    const [a] = caches;
    if (a !== undefined) a.answer = async () => undefined;
    expect(await get()).toBe('b');
  });

  it('comes from the next cache where one does not begin to answer, whose request is aborted', async () => {
    const { caches, get, lines } = createScriptedChain({ headTimeoutMs: 20 });
    const [a] = caches;
    if (a !== undefined) a.answer = hangs;
    expect(await get()).toBe('b');
    expect(a?.gets[0]?.signal.aborted).toBe(true);
    expect(lines).toContainEqual(
      expect.objectContaining({ reason: 'https://a.example did not begin to answer within 0.02 s' }),
    );
  });

  it('may take longer than its headers', async () => {
    const { caches, registry } = createScriptedChain({ count: 1, headTimeoutMs: 20 });
    const [a] = caches;
    const body = growing('one ');
    if (a !== undefined) a.answer = sends(body);
    const blob = await registry.blobGet(NAME, DIGEST, patiently());
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(a?.gets[0]?.signal.aborted).toBe(false);
    body.push('two');
    body.push(null);
    expect(await text(blob?.body ?? [])).toBe('one two');
  });

  it('comes from the origin where no cache sends it', async () => {
    const { caches, get } = createScriptedChain();
    for (const cache of caches) cache.answer = async () => undefined;
    expect(await get()).toBe('origin');
  });

  it('comes from the origin where there are no caches', async () => {
    expect(await createScriptedChain({ count: 0 }).get()).toBe('origin');
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
    const { caches, origin, get } = createScriptedChain();
    const [a, b] = caches;
    if (a !== undefined) a.answer = () => Promise.reject(new TypeError('a mistake of ours'));
    await expect(get()).rejects.toThrow('a mistake of ours');
    expect([...(b?.gets ?? []), ...origin.gets]).toHaveLength(0);
  });
});

describe('a caller who leaves', () => {
  it('ends a question at once, and nobody else is asked', async () => {
    const { caches, origin, registry, told } = createScriptedChain();
    const [a, b] = caches;
    if (a !== undefined) a.answer = hangs;
    const caller = new AbortController();
    const blob = registry.blobGet(NAME, DIGEST, { signal: caller.signal });
    caller.abort(new Error('left'));
    await expect(blob).rejects.toThrow('left');
    expect([...(b?.gets ?? []), ...origin.gets]).toHaveLength(0);
    expect(told).toEqual([]);
  });

  it('asks nobody when it had left before', async () => {
    const { origin, registry } = createScriptedChain({ count: 0 });
    const signal = AbortSignal.abort(new Error('left'));
    await expect(registry.blobGet(NAME, DIGEST, { signal })).rejects.toThrow('left');
    expect(origin.gets).toHaveLength(0);
  });

  it('breaks the body, which is not held against the cache', async () => {
    const { caches, registry, get, told } = createScriptedChain({ count: 1 });
    const [a] = caches;
    if (a !== undefined) a.answer = sends(growing('a part'));
    const caller = new AbortController();
    const blob = await registry.blobGet(NAME, DIGEST, { signal: caller.signal });
    const read = text(blob?.body ?? []);
    // As a registry does that is told by the same signal.
    caller.abort(new UpstreamError('timeout', 'the caller has no more time'));
    await expect(read).rejects.toThrow('no more time');
    expect(told).toEqual([]);
    if (a !== undefined) a.answer = sends('a');
    expect(await get()).toBe('a');
  });

  it('may destroy the body, which is not held against the cache', async () => {
    const { caches, registry, get, told } = createScriptedChain({ count: 1 });
    const [a] = caches;
    if (a !== undefined) a.answer = sends(growing('a part'));
    const blob = await registry.blobGet(NAME, DIGEST, patiently());
    blob?.body.destroy(new Error('have seen enough'));
    await new Promise((resolve) => blob?.body.once('close', resolve));
    expect(told).toEqual([]);
    if (a !== undefined) a.answer = sends('a');
    expect(await get()).toBe('a');
  });
});

it('everything but a blob is asked of the origin alone', async () => {
  const { registry, origin, caches } = createScriptedChain();
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
  async function breakOff(body: Readable, blob: Promise<{ body: Readable } | undefined>): Promise<void> {
    const received = text((await blob)?.body ?? []);
    body.destroy(new UpstreamError('unreachable', 'the connection broke'));
    await expect(received).rejects.toThrow('the connection broke');
  }

  it.each([
    ['another cache', 2, 'b'],
    ['the origin where there is no other cache', 1, 'origin'],
  ])(
    'is asked of %s than the one that broke off, even when its pause is over',
    async (_, count, expected) => {
      const { caches, registry, clock, get } = createScriptedChain({ count });
      const body = growing('a part');
      const [a, b] = caches;
      if (a !== undefined) a.answer = sends(body);
      await breakOff(body, registry.blobGet(NAME, DIGEST, patiently()));
      clock.nowMs += 5000;
      // So that it is the turn of the one that broke off.
      if (b !== undefined) await get();
      if (a !== undefined) a.answer = sends('a');
      expect(await get({ start: 6 })).toBe(expected);
    },
  );

  it('is asked of the caches again when the origin broke off', async () => {
    const { caches, origin, registry, get } = createScriptedChain({ count: 1 });
    const body = growing('a part');
    const [a] = caches;
    if (a !== undefined) a.answer = async () => undefined;
    origin.answer = sends(body);
    await breakOff(body, registry.blobGet(NAME, DIGEST, patiently()));
    if (a !== undefined) a.answer = sends('a');
    expect(await get({ start: 6 })).toBe('a');
  });

  it('is asked with an If-Range only of who sent the validator', async () => {
    const { caches, origin, get } = createScriptedChain({ count: 2 });
    const [a, b] = caches;
    if (a === undefined || b === undefined) throw new Error('expected two caches');
    a.answer = sends('a', '"of a"');
    await get();
    const range = { start: 1, etag: '"of a"' };
    for (const cache of caches) cache.answer = async () => undefined;
    await get(range);
    expect([a, b, origin].map(etagsSentTo)).toEqual([[undefined, '"of a"'], [undefined], [undefined]]);
    expect(origin.gets[0]?.range).toEqual({ start: 1 });
  });

  it('is asked with an If-Range of the origin, where the validator is from there', async () => {
    const { caches, origin, get } = createScriptedChain({ count: 1 });
    const [a] = caches;
    if (a !== undefined) a.answer = async () => undefined;
    origin.answer = sends('origin', '"of the origin"');
    await get();
    await get({ start: 1, etag: '"of the origin"' });
    expect(origin.gets[1]?.range).toEqual({ start: 1, etag: '"of the origin"' });
    expect(a?.gets[1]?.range).toEqual({ start: 1 });
  });

  it('is asked without a validator that nobody sent for this blob', async () => {
    const { caches, get } = createScriptedChain({ count: 1 });
    await get({ start: 1, end: 4, etag: '"from before a restart"' });
    expect(caches[0]?.gets[0]?.range).toEqual({ start: 1, end: 4 });
  });
});

describe('a blob that turns out to be another', () => {
  const REJECTED =
    'warn: cache is passed over: it sent bytes of a blob that does not match its digest, check its disk';

  it('has the caches that sent it passed over for ten minutes, and told of once', async () => {
    const { registry, clock, get, told, lines } = createScriptedChain({ count: 3 });
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
    const { caches, registry, clock, get } = createScriptedChain({ count: 1 });
    const [a] = caches;
    await get();
    if (a !== undefined) a.answer = fails('unreachable');
    await get();
    registry.rejectBlob?.(DIGEST);
    if (a !== undefined) a.answer = sends('a');
    clock.nowMs += 60_000;
    expect(await get()).toBe('origin');
  });

  it('is not made good by an answer that was on its way', async () => {
    const { caches, registry, clock, get } = createScriptedChain({ count: 1 });
    const [a] = caches;
    await get();
    const late = createDeferred();
    if (a !== undefined) {
      a.answer = async (options: BlobGetOptions) => {
        await late.promise;
        return sends('a')(options);
      };
    }
    const underWay = get();
    registry.rejectBlob?.(DIGEST);
    late.resolve();
    expect(await underWay).toBe('a');
    clock.nowMs += 60_000;
    expect(await get()).toBe('origin');
  });

  it('is held against nobody when only the origin sent it', async () => {
    const { caches, registry, get, told, lines } = createScriptedChain({ count: 1 });
    const [a] = caches;
    if (a !== undefined) a.answer = async () => undefined;
    await get();
    registry.rejectBlob?.(DIGEST);
    expect(told).toEqual([]);
    expect(lines.at(-1)).toMatchObject({ level: 'debug', digest: DIGEST });
  });

  it('is held against nobody who sent it more than an hour ago', async () => {
    const { registry, clock, get, told } = createScriptedChain({ count: 1 });
    await get();
    clock.nowMs += 60 * 60_000;
    registry.rejectBlob?.(DIGEST);
    expect(told).toEqual([]);
  });
});
