import { expect, test } from 'vitest';
import { cacheConfig } from '../support/cache/cache-config.ts';
import { startCachedUpstream, type CachedUpstream } from '../support/cached-upstream.ts';
import { blobPath, getManifest, pullImage } from '../support/client/pull-image.ts';
import { closeAtEnd } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { addColdImage, type ColdImage } from '../support/image/cold-image.ts';

interface Fixture extends CachedUpstream {
  readonly image: ColdImage;
}

async function startWith(accesslog: object | undefined, seed: string): Promise<Fixture> {
  const log = accesslog === undefined ? {} : { log: { accesslog } };
  const pair = await startCachedUpstream(closeAtEnd, { config: log });
  return { ...pair, image: addColdImage(pair.upstream, seed) };
}

function pullLines({ cache }: CachedUpstream): string[] {
  return cache.log
    .text()
    .split('\n')
    .filter((line) => line.includes('quay.io/cold/') && / GET |"msg":"(?:blob )?pull"/.test(line));
}

test('a pull is one line of JSON that says what it took', async () => {
  const fixture = await startWith(undefined, 'logged-json');
  const { cache, client, image } = fixture;

  await pullImage(client, image.name, 'v1');

  const line = await eventually('the pull is logged', () =>
    cache.log.lines.find(({ msg }) => msg === 'pull'),
  );
  expect(line).toMatchObject({
    level: 'info',
    process: 'logger',
    image: `${image.name}:v1`,
    digest: image.root.digest,
    outcome: 'miss',
    status: 200,
    bytes: image.root.sizeBytes,
    upstreamMs: expect.any(Number),
  });
  await cache.stop();
  expect(pullLines(fixture)).toHaveLength(1);
});

test('as text a pull is one readable line on the output, and all else stays JSON', async () => {
  const fixture = await startWith({ format: 'text' }, 'logged-text');
  const { cache, client, image } = fixture;

  await getManifest(client, image.name, 'v1');
  await eventually('the pull is logged', () => pullLines(fixture).length > 0);
  await getManifest(client, image.name, image.root.digest);
  await eventually('the next pull is logged', () => pullLines(fixture).length > 1);
  await cache.stop();

  const short = image.root.digest.slice(0, 19);
  const [first, second, ...more] = pullLines(fixture);
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
    .filter((line) => line !== first && line !== second);
  for (const line of others) expect(() => JSON.parse(line), line).not.toThrow();
});

test('with blobs each of them has a line too', async () => {
  const fixture = await startWith({ blobs: true }, 'logged-blobs');
  const { cache, client, image } = fixture;

  await pullImage(client, image.name, 'v1');
  await cache.stop();

  expect(cache.log.lines.filter(({ msg }) => msg === 'blob pull')).toHaveLength(image.blobs.length);
});

test('a client cannot write lines of its own into the log', async () => {
  const fixture = await startWith({ format: 'text' }, 'logged-forged');
  const { client, image } = fixture;

  await client.get(`/v2/${image.name}/manifests/v1`, {
    headers: { 'user-agent': '\u009b31m","accessLine":"forged\tGET' },
  });

  const line = await eventually('the pull is logged', () => pullLines(fixture)[0]);
  expect(line).toMatch(/ \\u\{9b\}31m","accessLine":"forged\\u\{9\}GET$/);
});

test('where it is switched off no pull has a line until it is switched on again', async () => {
  const fixture = await startWith({ disabled: true }, 'logged-nowhere');
  const { upstream, cache, client, image } = fixture;
  await pullImage(client, image.name, 'v1');
  await client.get(blobPath(image.name, image.layerDigest));

  const upstreams = { 'quay.io': { url: upstream.origin } };
  const config = { log: { accesslog: { disabled: false, format: 'text' } } };
  await cache.folder.writeConfig(cacheConfig({ upstreams, config }, cache.folder, cache.port));
  await eventually('pulls are logged again', async () => {
    await getManifest(client, image.name, image.root.digest);
    return pullLines(fixture).length > 0;
  });

  for (const line of pullLines(fixture)) expect(line).toContain(`@${image.root.digest.slice(0, 19)} `);
});
