import { beforeAll, expect, test } from 'vitest';
import { cacheConfig } from '../support/cache/cache-config.ts';
import { startCachedUpstream, type CachedUpstream } from '../support/cached-upstream.ts';
import { blobPath, getManifest, pullImage } from '../support/client/pull-image.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { addColdImage } from '../support/image/cold-image.ts';

const closeLater = closeAfterAll();
let cached: CachedUpstream;
let probes = 0;

beforeAll(async () => {
  cached = await startCachedUpstream(closeLater, { config: { log: { accesslog: { disabled: true } } } });
});

/** Reloads the cache; resolves when lines are as `inEffect` has them. */
async function logAs(accesslog: object, inEffect: RegExp): Promise<void> {
  const { cache, upstream, client } = cached;
  const upstreams = { 'quay.io': { url: upstream.origin } };
  const config = { log: { accesslog } };
  await cache.folder.writeConfig(cacheConfig({ upstreams, config }, cache.folder, cache.port));
  const probe = addColdImage(upstream, `logged-probe-${probes++}`);
  await eventually('the configuration is in effect', async () => {
    await getManifest(client, probe.name, 'v1');
    await client.get(blobPath(probe.name, probe.layerDigest));
    return linesAbout(probe.name).some((line) => inEffect.test(line));
  });
}

/** Resolves when what has been pulled so far has its lines: those of a process come in order. */
async function untilLogged(): Promise<void> {
  const last = addColdImage(cached.upstream, `logged-probe-${probes++}`);
  await getManifest(cached.client, last.name, 'v1');
  await eventually('the last pull is logged', () => linesAbout(last.name).length > 0);
}

function linesAbout(image: string): string[] {
  return cached.cache.log
    .text()
    .split('\n')
    .filter((line) => line.includes(image) && / GET |"msg":"(?:blob )?pull"/.test(line));
}

// The first one: the cache starts like that.
test('where it is switched off no pull has a line until it is switched on again', async () => {
  const { upstream, client } = cached;
  const image = addColdImage(upstream, 'logged-nowhere');
  await pullImage(client, image.name, 'v1');
  await client.get(blobPath(image.name, image.layerDigest));

  await logAs({ disabled: false, format: 'text' }, / GET /);
  await getManifest(client, image.name, image.root.digest);
  await untilLogged();

  expect(linesAbout(image.name)).toEqual([expect.stringContaining(`@${image.root.digest.slice(0, 19)} `)]);
});

test('a pull is one line of JSON that says what it took', async () => {
  const { upstream, cache, client } = cached;
  await logAs({}, /"msg":"pull"/);
  const image = addColdImage(upstream, 'logged-json');

  await pullImage(client, image.name, 'v1');
  await untilLogged();

  const line = cache.log.lines.find((entry) => entry['image'] === `${image.name}:v1`);
  expect(line).toMatchObject({
    level: 'info',
    msg: 'pull',
    process: 'logger',
    digest: image.root.digest,
    outcome: 'miss',
    status: 200,
    bytes: image.root.sizeBytes,
    upstreamMs: expect.any(Number),
  });
  expect(linesAbout(image.name)).toHaveLength(1);
});

test('as text a pull is one readable line on the output, and all else stays JSON', async () => {
  const { upstream, cache, client } = cached;
  await logAs({ format: 'text' }, / GET /);
  const image = addColdImage(upstream, 'logged-text');

  await getManifest(client, image.name, 'v1');
  await eventually('the pull is logged', () => linesAbout(image.name).length > 0);
  await getManifest(client, image.name, image.root.digest);
  await eventually('the next pull is logged', () => linesAbout(image.name).length > 1);
  await untilLogged();

  const short = image.root.digest.slice(0, 19);
  const [first, second, ...more] = linesAbout(image.name);
  expect(first).toMatch(
    new RegExp(`^\\S+Z -@127\\.0\\.0\\.1 GET ${image.name}:v1 miss 200 \\S+B \\S+s \\S+s \\S+$`),
  );
  expect(second).toMatch(
    new RegExp(`^\\S+Z -@127\\.0\\.0\\.1 GET ${image.name}@${short} hit 200 \\S+B \\S+s - \\S+$`),
  );
  expect(more).toEqual([]);
  const others = cache.log
    .text()
    .split('\n')
    .filter((line) => !linesAbout('quay.io/cold/').includes(line));
  expect(others.length).toBeGreaterThan(0);
  for (const line of others) expect(() => JSON.parse(line), line).not.toThrow();
});

test('with blobs each of them has a line too', async () => {
  const { upstream, cache, client } = cached;
  await logAs({ blobs: true }, /"msg":"blob pull"/);
  const image = addColdImage(upstream, 'logged-blobs');

  await pullImage(client, image.name, 'v1');
  const blobLines = (): unknown[] =>
    cache.log.lines.filter(({ msg, image: of }) => msg === 'blob pull' && String(of).startsWith(image.name));
  await eventually('the blobs are logged', () => blobLines().length >= image.blobs.length);
  await untilLogged();

  expect(blobLines()).toHaveLength(image.blobs.length);
});

test('a client cannot write lines of its own into the log', async () => {
  const { upstream, client } = cached;
  await logAs({ format: 'text' }, / GET /);
  const image = addColdImage(upstream, 'logged-forged');

  await client.get(`/v2/${image.name}/manifests/v1`, {
    headers: { 'user-agent': '\u009b31m","accessLine":"forged\tGET' },
  });

  const line = await eventually('the pull is logged', () => linesAbout(image.name)[0]);
  expect(line).toMatch(/ \\u\{9b\}31m","accessLine":"forged\\u\{9\}GET$/);
});
