import { DOCKER_MANIFEST, MAX_MANIFEST_BYTES, OCI_INDEX, parseReference } from '@registry-cache/oci';
import { describe, expect, it } from 'vitest';
import { startLoopbackServer } from './support/loopback-server.ts';
import { BLOB, DIGEST, LATEST, NAME, patiently, registryOf, upstreamErrorOf } from './support/registry-of.ts';

describe('manifestGet', () => {
  it('accepts every known form and answers the bytes as they are', async () => {
    const upstream = await startLoopbackServer((response) =>
      response.writeHead(200, { 'docker-content-digest': DIGEST }).end(BLOB),
    );
    const manifest = await registryOf(upstream.origin).manifestGet(NAME, LATEST, patiently());
    expect(manifest && Buffer.from(manifest.bytes).equals(BLOB)).toBe(true);
    expect(manifest?.digest).toBe(DIGEST);
    const accept = upstream.requests[0]?.headers.accept?.split(', ');
    expect(accept).toContain(OCI_INDEX);
    expect(accept).toContain(DOCKER_MANIFEST);
  });

  it('asks by digest', async () => {
    const upstream = await startLoopbackServer((response) => response.end('{}'));
    await registryOf(upstream.origin).manifestGet(NAME, parseReference(DIGEST), patiently());
    expect(upstream.requests[0]?.target).toBe(`/v2/org/app/manifests/${DIGEST}`);
  });

  it.each(['', 'sha256:abc', 'md5:abc'])('leaves out the digest %j', async (digest) => {
    const upstream = await startLoopbackServer((response) =>
      response.writeHead(200, { 'docker-content-digest': digest }).end('{}'),
    );
    const manifest = await registryOf(upstream.origin).manifestGet(NAME, LATEST, patiently());
    expect(manifest).not.toHaveProperty('digest');
  });

  it('404 is absence', async () => {
    const upstream = await startLoopbackServer((response) => response.writeHead(404).end('{"errors":[]}'));
    expect(await registryOf(upstream.origin).manifestGet(NAME, LATEST, patiently())).toBeUndefined();
  });

  it('reads as many bytes as a manifest may have, and none more', async () => {
    const upstream = await startLoopbackServer((response, { path }) =>
      response.end(Buffer.alloc(MAX_MANIFEST_BYTES + (path.endsWith('large') ? 1 : 0))),
    );
    const registry = registryOf(upstream.origin);
    const manifest = await registry.manifestGet(NAME, LATEST, patiently());
    expect(manifest?.bytes.byteLength).toBe(MAX_MANIFEST_BYTES);
    const error = await upstreamErrorOf(registry.manifestGet(NAME, parseReference('large'), patiently()));
    expect(error.code).toBe('invalid');
  });

  it('an upstream’s reason is quoted, short and on one line', async () => {
    const upstream = await startLoopbackServer((response) =>
      response.writeHead(503).end(`\u001b[31mdown\r\nfor ${'x'.repeat(500)}`),
    );
    const error = await upstreamErrorOf(
      registryOf(`${upstream.origin.replace('//', '//user:pw@')}`).manifestGet(NAME, LATEST, patiently()),
    );
    expect(error).toMatchObject({ code: 'failed', status: 503 });
    expect(error.message).toMatch(
      new RegExp(
        `^${upstream.origin}/v2/org/app/manifests/latest answered 503, expected 200: " ?\\[31mdown for x+…"$`,
      ),
    );
    expect(error.message.length).toBeLessThan(320);
  });

  it('429 says when to come back', async () => {
    const upstream = await startLoopbackServer((response) =>
      response.writeHead(429, { 'retry-after': '17' }).end('slow down'),
    );
    const error = await upstreamErrorOf(registryOf(upstream.origin).manifestGet(NAME, LATEST, patiently()));
    expect(error).toMatchObject({ code: 'rate-limited', status: 429, retryAfterSeconds: 17 });
  });

  it.each([
    ['no headers', { headersMs: 100 }, false],
    ['too slow a sum of steps', { answerMs: 100 }, false],
    ['half a body', { answerMs: 300 }, true],
  ])('%s is a timeout', async (_, timeouts, begins) => {
    const upstream = await startLoopbackServer((response) => {
      if (begins) response.writeHead(200).write('{');
    });
    const error = await upstreamErrorOf(
      registryOf(upstream.origin, { timeouts }).manifestGet(NAME, LATEST, patiently()),
    );
    expect(error.code).toBe('timeout');
  });

  it('the signal ends a request, with its reason', async () => {
    const upstream = await startLoopbackServer(() => {});
    const abort = new AbortController();
    const pull = registryOf(upstream.origin).manifestGet(NAME, LATEST, { signal: abort.signal });
    await expect.poll(() => upstream.requests.length).toBe(1);
    abort.abort(new Error('client left'));
    await expect(pull).rejects.toThrow('client left');
  });
});

describe('manifestHead', () => {
  it('answers digest and size', async () => {
    const upstream = await startLoopbackServer((response) =>
      response.writeHead(200, { 'docker-content-digest': DIGEST, 'content-length': 7 }).end(),
    );
    const head = await registryOf(upstream.origin).manifestHead(NAME, LATEST, patiently());
    expect(head).toEqual({ digest: DIGEST, sizeBytes: 7 });
    expect(upstream.requests[0]?.method).toBe('HEAD');
  });

  it('404 is absence', async () => {
    const upstream = await startLoopbackServer((response) => response.writeHead(404).end());
    expect(await registryOf(upstream.origin).manifestHead(NAME, LATEST, patiently())).toBeUndefined();
  });

  it.each([405, 501])('a HEAD refused by %i names no digest', async (status) => {
    const upstream = await startLoopbackServer((response) => response.writeHead(status).end());
    expect(await registryOf(upstream.origin).manifestHead(NAME, LATEST, patiently())).toEqual({});
  });

  it('401 without a challenge is denied', async () => {
    const upstream = await startLoopbackServer((response) => response.writeHead(401).end());
    const error = await upstreamErrorOf(registryOf(upstream.origin).manifestHead(NAME, LATEST, patiently()));
    expect(error).toMatchObject({ code: 'denied', status: 401 });
    expect(upstream.requests).toHaveLength(1);
  });
});

describe('list', () => {
  it('passes the query on, and what a client needs back', async () => {
    const upstream = await startLoopbackServer((response) =>
      response
        .writeHead(200, {
          'content-type': OCI_INDEX,
          link: '</v2/org/app/tags/list?last=b>; rel="next"',
          'oci-filters-applied': 'artifactType',
        })
        .end('{}'),
    );
    const list = await registryOf(upstream.origin).list(NAME, 'tags/list', 'n=2&last=a', patiently());
    expect(upstream.requests[0]?.target).toBe('/v2/org/app/tags/list?n=2&last=a');
    expect(list && { ...list, bytes: Buffer.from(list.bytes).toString() }).toEqual({
      bytes: '{}',
      contentType: OCI_INDEX,
      link: '</v2/org/app/tags/list?last=b>; rel="next"',
      filtersApplied: 'artifactType',
    });
  });

  it('a registry without referrers is absence', async () => {
    const upstream = await startLoopbackServer((response) => response.writeHead(404).end());
    expect(
      await registryOf(upstream.origin).list(NAME, `referrers/${DIGEST}`, '', patiently()),
    ).toBeUndefined();
    expect(upstream.requests[0]?.target).toBe(`/v2/org/app/referrers/${DIGEST}`);
  });
});
