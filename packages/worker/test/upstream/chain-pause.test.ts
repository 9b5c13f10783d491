import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { UpstreamError, type UpstreamErrorCode } from '../../src/upstream/upstream-error.ts';
import { createDeferred } from './support/deferred.ts';
import { DIGEST, NAME } from './support/registry-of.ts';
import {
  createScriptedChain,
  fails,
  hangs,
  openBlob,
  sends,
  type ScriptedChain,
  type ScriptedPlace,
} from './support/scripted-chain.ts';

const PASSED_OVER =
  'warn: cache is passed over: blobs are asked of the others and of the origin (https://a.example)';
const AGAIN = 'info: cache answers again (https://a.example)';

interface Fixture extends ScriptedChain {
  /** Asks once, and tells whether the only cache was asked. */
  readonly isAsked: () => Promise<boolean>;
}

afterEach(() => void vi.useRealTimers());

/** A chain of one cache and the origin. */
function createFixture(): Fixture {
  const chain = createScriptedChain(1);
  return {
    ...chain,
    isAsked: async () => {
      const before = chain.a.gets.length;
      await chain.get();
      return chain.a.gets.length > before;
    },
  };
}

/** How long it is passed over from now on, to the second. */
async function pauseSeconds({ clock, isAsked }: Fixture): Promise<number> {
  for (let seconds = 0; seconds <= 700; seconds++) {
    if (await isAsked()) return seconds;
    clock.nowMs += 1000;
  }
  return Infinity;
}

describe('a cache is passed over', () => {
  it.each<[UpstreamErrorCode, number]>([
    ['unreachable', 0],
    ['timeout', 0],
    ['failed', 500],
    ['failed', 503],
    ['invalid', 206],
    ['rate-limited', 429],
  ])('when it is %s (%i), and operators are told once', async (code, status) => {
    const { a, isAsked, told, lines } = createFixture();
    a.answer = fails(code, { status });
    expect([await isAsked(), await isAsked(), await isAsked()]).toEqual([true, false, false]);
    expect(told).toEqual([PASSED_OVER]);
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'warn', askedCache: 'https://a.example', reason: `scripted ${code}` }),
    );
  });

  it('when it does not begin to answer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { a, isAsked, told } = createFixture();
    a.answer = hangs;
    const first = isAsked();
    await vi.advanceTimersByTimeAsync(10_000);
    expect([await first, await isAsked()]).toEqual([true, false]);
    expect(told).toEqual([PASSED_OVER]);
  });

  it('when its body breaks off', async () => {
    const { a, registry, isAsked, told, lines } = createFixture();
    const body = new Readable({ read() {} });
    a.answer = sends(body);
    const blob = await openBlob(registry);
    const received = text(blob.body);
    body.destroy(new UpstreamError('unreachable', 'the connection broke'));
    await expect(received).rejects.toThrow('the connection broke');
    expect(await isAsked()).toBe(false);
    expect(told).toEqual([PASSED_OVER]);
    expect(lines).toContainEqual(expect.objectContaining({ reason: 'the connection broke' }));
  });

  it('and each skip is a line for who looks closely', async () => {
    const { a, get, lines } = createFixture();
    a.answer = fails('unreachable');
    await get();
    await get();
    expect(lines.at(-1)).toMatchObject({
      level: 'debug',
      msg: 'cache is not asked while it is passed over',
      askedCache: 'https://a.example',
    });
  });
});

describe('a cache goes on being asked', () => {
  it.each<[UpstreamErrorCode, number]>([
    ['denied', 401],
    ['denied', 403],
    ['failed', 416],
    ['failed', 400],
  ])('that is %s with %i: another client or another blob may do', async (code, status) => {
    const { a, isAsked, told } = createFixture();
    a.answer = fails(code, { status });
    expect([await isAsked(), await isAsked()]).toEqual([true, true]);
    expect(told).toEqual([]);
  });

  it('that does not have a blob', async () => {
    const { a, isAsked, told } = createFixture();
    a.answer = async () => undefined;
    expect([await isAsked(), await isAsked()]).toEqual([true, true]);
    expect(told).toEqual([]);
  });
});

describe('the pause of a cache', () => {
  it('grows from 2 s to 60 s', async () => {
    const fixture = createFixture();
    fixture.a.answer = fails('unreachable');
    await fixture.get();
    const pauses: number[] = [];
    for (let n = 0; n < 7; n++) pauses.push(await pauseSeconds(fixture));
    expect(pauses).toEqual([2, 4, 8, 16, 32, 60, 60]);
    expect(fixture.told).toEqual([PASSED_OVER]);
  });

  it.each([
    ['as long as it asks for', 7, 7],
    ['at least a second', 0, 1],
    ['at most five minutes', 86_400, 300],
  ])('is %s when it limits requests', async (_, retryAfterSeconds, expected) => {
    const fixture = createFixture();
    fixture.a.answer = fails('rate-limited', { status: 429, retryAfterSeconds });
    await fixture.get();
    expect([await pauseSeconds(fixture), await pauseSeconds(fixture)]).toEqual([expected, expected]);
  });

  it('grows when it limits requests and does not say for how long', async () => {
    const fixture = createFixture();
    fixture.a.answer = fails('rate-limited', { status: 429 });
    await fixture.get();
    expect([await pauseSeconds(fixture), await pauseSeconds(fixture)]).toEqual([2, 4]);
  });

  it('does not grow by a failure that is only remembered', async () => {
    const fixture = createFixture();
    fixture.a.answer = fails('unreachable', { remembered: true, retryAfterSeconds: 3 });
    await fixture.get();
    expect([await pauseSeconds(fixture), await pauseSeconds(fixture)]).toEqual([3, 3]);
  });

  it.each<[string, ScriptedPlace['answer']]>([
    ['a blob', sends('a')],
    ['a 404', async () => undefined],
    ['a denial', fails('denied', { status: 403 })],
  ])('is ended by %s, and operators are told once', async (_, answer) => {
    const { a, clock, get, isAsked, told } = createFixture();
    a.answer = fails('unreachable');
    await get();
    a.answer = answer;
    clock.nowMs += 2000;
    expect([await isAsked(), await isAsked(), await isAsked()]).toEqual([true, true, true]);
    expect(told).toEqual([PASSED_OVER, AGAIN]);
  });

  it('begins at its shortest after a whole body', async () => {
    const fixture = createFixture();
    const { a, get } = fixture;
    a.answer = fails('unreachable');
    await get();
    await pauseSeconds(fixture);
    a.answer = sends('a');
    await pauseSeconds(fixture);
    a.answer = fails('unreachable');
    await get();
    expect(await pauseSeconds(fixture)).toBe(2);
  });

  it('goes on growing for a cache whose bodies break off each time', async () => {
    const fixture = createFixture();
    const { a, clock, registry } = fixture;
    a.answer = async () => {
      const body = new Readable({
        read() {
          this.destroy(new UpstreamError('unreachable', 'the connection broke'));
        },
      });
      return { body, start: 0 };
    };
    const askedAt: number[] = [];
    for (let seconds = 0; seconds < 20; seconds++) {
      const before = a.gets.length;
      const blob = await openBlob(registry);
      await text(blob.body).catch(() => {});
      if (a.gets.length > before) askedAt.push(seconds);
      clock.nowMs += 1000;
    }
    expect(askedAt).toEqual([0, 2, 6, 14]);
  });

  it('is not prolonged by requests from before it', async () => {
    const fixture = createFixture();
    const { a, get } = fixture;
    const failing = createDeferred();
    a.answer = async (options) => {
      await failing.promise;
      return fails('unreachable')(options);
    };
    const underWay = [get(), get(), get()];
    failing.resolve();
    await Promise.all(underWay);
    expect(await pauseSeconds(fixture)).toBe(2);
    expect(fixture.told).toEqual([PASSED_OVER]);
  });

  it('is not begun again by a body from before it', async () => {
    const { a, clock, registry, get, isAsked } = createFixture();
    const body = new Readable({ read() {} });
    a.answer = sends(body);
    const early = await openBlob(registry);
    const received = text(early.body);
    a.answer = fails('unreachable');
    await get();
    a.answer = sends('a');
    clock.nowMs += 2000;
    await get();
    body.destroy(new UpstreamError('timeout', 'nothing came any more'));
    await expect(received).rejects.toThrow('nothing came any more');
    expect(await isAsked()).toBe(true);
  });
});

describe('a cache whose pause is over', () => {
  it('is tried by one request, and passed over by the others meanwhile', async () => {
    const { a, clock, get, isAsked } = createFixture();
    a.answer = fails('unreachable');
    await get();
    clock.nowMs += 2000;
    const answered = createDeferred();
    a.answer = async (options) => {
      await answered.promise;
      return sends('a')(options);
    };
    const trial = get();
    expect([await isAsked(), await isAsked()]).toEqual([false, false]);
    answered.resolve();
    expect(await trial).toBe('a');
    expect(await isAsked()).toBe(true);
  });

  it('is tried by the next request where the one that tried it has left', async () => {
    const { a, clock, registry, get, isAsked } = createFixture();
    a.answer = fails('unreachable');
    await get();
    clock.nowMs += 2000;
    a.answer = hangs;
    const caller = new AbortController();
    const trial = registry.blobGet(NAME, DIGEST, { signal: caller.signal });
    caller.abort(new Error('left'));
    await expect(trial).rejects.toThrow('left');
    a.answer = sends('a');
    expect(await isAsked()).toBe(true);
  });
});

describe('caches that lead back here', () => {
  const LOOP =
    'warn: cache leads back here: take one of the two out of the caches that are configured (https://a.example)';

  it('are told of once, and asked again for the next blob: it was the request that went in a circle', async () => {
    const { a, get, told } = createFixture();
    for (let n = 0; n < 3; n++) {
      a.answer = fails('failed', { status: 508 });
      expect(await get()).toBe('origin');
      a.answer = sends('a');
      expect(await get()).toBe('a');
    }
    expect(told).toEqual([LOOP]);
  });

  it('are asked as usual after an outage', async () => {
    const { a, clock, get, told } = createFixture();
    a.answer = fails('unreachable');
    await get();
    clock.nowMs += 2000;
    a.answer = fails('failed', { status: 508 });
    await get();
    expect(told).toEqual([PASSED_OVER, AGAIN, LOOP]);
  });
});
