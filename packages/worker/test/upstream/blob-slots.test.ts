import { digestOf, type Digest } from '@registry-cache/oci';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { UpdatableUpstreamRegistry } from '../../src/upstream/create-upstream-registry.ts';
import type { UpstreamBlob } from '../../src/upstream/upstream-registry.ts';
import { startLoopbackServer, type LoopbackServer } from './support/loopback-server.ts';
import {
  LATEST,
  NAME,
  patiently,
  registryOf,
  settingsOf,
  upstreamErrorOf,
  type TestRegistryOptions,
} from './support/registry-of.ts';

interface Fixture {
  readonly upstream: LoopbackServer;
  readonly registry: UpdatableUpstreamRegistry;
  /** Bodies that have begun, by their blob. */
  readonly bodies: ReadonlyMap<string, ServerResponse>;
  /** The nth blob, whose body ends when the test ends it. */
  get(n: number, signal?: AbortSignal): Promise<UpstreamBlob>;
  end(n: number): void;
}

const digestOfNth = (n: number): Digest => digestOf(Buffer.from(`blob ${n}`));

/** An upstream of 4 connections, of which blobs may use 3. */
async function startFixture(options: TestRegistryOptions = {}): Promise<Fixture> {
  const bodies = new Map<string, ServerResponse>();
  const upstream = await startLoopbackServer((response, { path }) => {
    if (path.includes('/manifests/')) response.end('{}');
    else bodies.set(path.replace(/.*\//, ''), response.writeHead(200));
    response.flushHeaders();
  });
  const registry = registryOf(upstream.origin, { maxConnections: 4, ...options });
  return {
    upstream,
    registry,
    bodies,
    async get(n, signal = patiently().signal) {
      const blob = await registry.blobGet(NAME, digestOfNth(n), { signal });
      if (blob === undefined) throw new Error('expected a blob');
      blob.body.on('error', () => {});
      return blob;
    },
    end: (n) => void bodies.get(digestOfNth(n))?.end(),
  };
}

async function hold(fixture: Fixture, ...numbers: number[]): Promise<UpstreamBlob[]> {
  return Promise.all(numbers.map((n) => fixture.get(n)));
}

describe('blobs beyond their share of the connections', () => {
  it('wait, while a manifest is answered', async () => {
    const fixture = await startFixture();
    const [first] = await hold(fixture, 1, 2, 3);
    const fourth = fixture.get(4);
    expect(await fixture.registry.manifestGet(NAME, LATEST, patiently())).toBeDefined();
    expect(fixture.bodies.has(digestOfNth(4))).toBe(false);
    fixture.end(1);
    first?.body.resume();
    expect(await fourth).toBeDefined();
  });

  it('come in the order in which they were asked for', async () => {
    const fixture = await startFixture();
    const [first] = await hold(fixture, 1, 2, 3);
    const waiting = [fixture.get(4), fixture.get(5)];
    void waiting[1]?.catch(() => {});
    first?.body.destroy();
    expect(await waiting[0]).toBeDefined();
    expect(fixture.bodies.has(digestOfNth(5))).toBe(false);
  });

  it('fail after a while, with an error that says why', async () => {
    const fixture = await startFixture({ timeouts: { queueMs: 20 } });
    await hold(fixture, 1, 2, 3);
    const error = await upstreamErrorOf(fixture.get(4));
    expect(error).toMatchObject({ code: 'timeout', remembered: false });
    expect(error.message).toContain('all 3 connections to quay.io that blobs may use were busy for 0.02 s');
  });

  it('do not wait for whoever has left', async () => {
    const fixture = await startFixture();
    const [first] = await hold(fixture, 1, 2, 3);
    const abort = new AbortController();
    const fourth = fixture.get(4, abort.signal);
    const fifth = fixture.get(5);
    abort.abort(new Error('left'));
    await expect(fourth).rejects.toThrow('left');
    first?.body.destroy();
    expect(await fifth).toBeDefined();
    expect(fixture.bodies.has(digestOfNth(4))).toBe(false);
  });

  it('wait without their answer being late', async () => {
    const fixture = await startFixture({ timeouts: { answerMs: 500 } });
    const [first] = await hold(fixture, 1, 2, 3);
    const fourth = fixture.get(4);
    await new Promise((resolve) => setTimeout(resolve, 600));
    first?.body.destroy();
    expect(await fourth).toBeDefined();
  });

  it('come at once when a reload allows more connections', async () => {
    const fixture = await startFixture();
    await hold(fixture, 1, 2, 3);
    const fourth = fixture.get(4);
    fixture.registry.update(settingsOf(fixture.upstream.origin, { maxConnections: 8 }));
    expect(await fourth).toBeDefined();
  });
});

it.each([404, 403, 500])('a blob that is answered with %i gives its place back', async (status) => {
  const upstream = await startLoopbackServer((response, { path }) =>
    response.writeHead(path.endsWith(digestOfNth(0)) ? 200 : status).end(),
  );
  const registry = registryOf(upstream.origin, { maxConnections: 2, timeouts: { queueMs: 5000 } });
  for (const n of [1, 2]) await registry.blobGet(NAME, digestOfNth(n), patiently()).catch(() => {});
  expect(await registry.blobGet(NAME, digestOfNth(0), patiently())).toBeDefined();
});
