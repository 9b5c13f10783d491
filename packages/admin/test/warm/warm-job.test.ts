import type { ServerResponse } from 'node:http';
import type { WarmEvent } from '@registry-cache/control';
import { digestOf } from '@registry-cache/oci';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sendError, sendStored } from './support/scripted-worker.ts';
import { createWarmFixture, type WarmFixture } from './support/warm-fixture.ts';

let fixture: WarmFixture;
beforeEach(async () => {
  fixture = await createWarmFixture();
});
afterEach(() => fixture.close());

const problemOf = async (image: string): Promise<unknown> => {
  const [event] = (await fixture.warm([image])).filter(({ type }) => type === 'failed');
  return event?.type === 'failed' ? event.problem : undefined;
};

test('an image is asked for as a client does, and each of its blobs once', async () => {
  const layer = Buffer.from('one layer twice');
  const [config, first] = fixture.addImage('org/app', '1.0', [layer, layer]);
  const events = await fixture.warm(['quay.io/org/app:1.0']);
  expect(fixture.worker.asked.toSorted()).toEqual(
    ['/v2/org/app/manifests/1.0', `/v2/org/app/blobs/${config}`, `/v2/org/app/blobs/${first}`].toSorted(),
  );
  expect(fixture.worker.headers[0]?.accept).toContain('application/vnd.oci.image.index.v1+json');
  expect(events).toEqual([
    { type: 'started', image: 'quay.io/org/app:1.0' },
    expect.objectContaining({ type: 'done', image: 'quay.io/org/app:1.0' }),
  ]);
});

test('what was fetched is counted, and what is there already is not', async () => {
  fixture.addImage('org/app', '1.0', [Buffer.alloc(1000)]);
  const [, first] = await fixture.warm(['quay.io/org/app:1.0']);
  if (first?.type !== 'done') throw new Error('expected it to be done');
  expect(first.bytesFetched).toBeGreaterThan(1000);
  expect(first.bytesTotal).toBe(first.bytesFetched);
  const [, second] = await fixture.warm(['quay.io/org/app:1.0']);
  expect(second).toMatchObject({ type: 'done', bytesFetched: 0, bytesTotal: first.bytesTotal });
});

test('an image of several platforms is warmed for those that are asked for', async () => {
  const manifests = ['amd64', 'arm64', 's390x'].map((architecture) => {
    const [config] = fixture.addImage('org/app', architecture, []);
    const bytes = { schemaVersion: 2, config: { digest: config, size: 18 }, layers: [] };
    const digest = fixture.worker.putManifest('org/app', bytes);
    return { digest, platform: { os: 'linux', architecture } };
  });
  fixture.worker.putManifest('org/app', { schemaVersion: 2, manifests }, 'v1');
  await fixture.warm(['quay.io/org/app:v1'], { platforms: ['linux/arm64', 'linux/s390x'] });
  const asked = (index: number): boolean =>
    fixture.worker.asked.includes(`/v2/org/app/manifests/${manifests[index]?.digest}`);
  expect([0, 1, 2].map(asked)).toEqual([false, true, true]);
});

test('what has come is told also while nothing more comes', async () => {
  const config = fixture.worker.putBlob('org/app', Buffer.from('{}'));
  const layer = digestOf(Buffer.from('a slow layer'));
  fixture.worker.answers.set(`/v2/org/app/blobs/${layer}`, (res) => {
    res.writeHead(200, { 'content-length': 4000 });
    res.write(Buffer.alloc(2000));
  });
  const layers = [{ digest: layer, size: 4000 }];
  fixture.worker.putManifest(
    'org/app',
    { schemaVersion: 2, config: { digest: config, size: 2 }, layers },
    '1.0',
  );
  const leaving = new AbortController();
  let bytesDone = 0;
  const emit = (event: WarmEvent): void => {
    if (event.type === 'progress') ({ bytesDone } = event);
  };
  const warmed = fixture.warm(['quay.io/org/app:1.0'], { signal: leaving.signal, emit });
  await expect.poll(() => bytesDone).toBeGreaterThan(2000);
  leaving.abort();
  await expect(warmed).rejects.toThrow();
});

test('a platform that nobody has is named, with those that are there', async () => {
  const manifests = [{ digest: digestOf(Buffer.of()), platform: { os: 'linux', architecture: 'amd64' } }];
  fixture.worker.putManifest('org/app', { schemaVersion: 2, manifests }, 'v1');
  expect(await fixture.warm(['quay.io/org/app:v1'], { platforms: ['linux/s390x'] })).toContainEqual({
    type: 'failed',
    image: 'quay.io/org/app:v1',
    problem: 'the image is not there for linux/s390x: it has linux/amd64',
  });
});

test('a pattern stands for all tags that match, on however many pages they are', async () => {
  for (const tag of ['1.9', '1.10', '2.0']) fixture.addImage('org/app', tag);
  const page = (tags: string[], next?: string) => (res: ServerResponse) => {
    const link = next === undefined ? {} : { link: `<${next}>; rel="next"` };
    res.writeHead(200, link).end(JSON.stringify({ name: 'org/app', tags }));
  };
  fixture.worker.answers.set(
    '/v2/org/app/tags/list',
    page(['2.0', '1.10'], '/v2/org/app/tags/list?last=1.10'),
  );
  fixture.worker.answers.set('/v2/org/app/tags/list?last=1.10', page(['1.9', '1.9']));
  const events = await fixture.warm(['quay.io/org/app:1.*', 'quay.io/org/app:1.9']);
  expect(events.filter(({ type }) => type === 'started').map(({ image }) => image)).toEqual([
    'quay.io/org/app:1.9',
    'quay.io/org/app:1.10',
  ]);
  expect(await problemOf('quay.io/org/app:3.*')).toBe('no tag of quay.io/org/app matches 3.*');
});

test('a list of tags without end is given up', async () => {
  const tags = Array.from({ length: 200_001 }, (_, index) => String(index));
  fixture.worker.answers.set('/v2/org/app/tags/list', (res) => void res.end(JSON.stringify({ tags })));
  expect(await problemOf('quay.io/org/app:1.*')).toContain('more than 200000 tags');
});

test('what an upstream has sent is not to move the cursor of who reads why', async () => {
  fixture.worker.answers.set('/v2/org/app/tags/list', (res) => void res.end('\u001b[2J'));
  expect(await problemOf('quay.io/org/app:1.*')).not.toContain('\u001b');
  const platform = { os: '\u001b[2J', architecture: 'x' };
  const manifests = [{ digest: digestOf(Buffer.of()), platform }];
  fixture.worker.putManifest('org/app', { schemaVersion: 2, manifests }, 'v1');
  const events = await fixture.warm(['quay.io/org/app:v1'], { platforms: ['linux/s390x'] });
  const problems = events.flatMap((event) => (event.type === 'failed' ? [event.problem] : []));
  expect(problems).toEqual([expect.stringContaining('it has [2J/x')]);
});

test('a blob that two images have is fetched once', async () => {
  const shared = Buffer.alloc(5000, 's');
  const digest = digestOf(shared);
  fixture.addImage('org/one', '1.0', [shared]);
  fixture.addImage('org/two', '1.0', [shared]);
  let sent = 0;
  for (const name of ['org/one', 'org/two']) {
    fixture.worker.answers.set(`/v2/${name}/blobs/${digest}`, (res) => {
      if (sent > 0) return sendStored(res, shared.byteLength);
      sent += 1;
      setTimeout(() => res.writeHead(200, { 'content-length': shared.byteLength }).end(shared), 50);
    });
  }
  const events = await fixture.warm(['quay.io/org/one:1.0', 'quay.io/org/two:1.0']);
  const fetched = events.map((event) => (event.type === 'done' ? event.bytesFetched : 0));
  expect(fetched.filter((bytes) => bytes > 5000)).toHaveLength(1);
  // That the other repository has it too, is for its upstream to say.
  expect(fixture.worker.asked.filter((path) => path.endsWith(digest))).toHaveLength(2);
});

test('a blob that breaks off is asked for from there', async () => {
  const layer = Buffer.alloc(100_000, 'l');
  const [, digest] = fixture.addImage('org/app', '1.0', [layer]);
  const path = `/v2/org/app/blobs/${digest}`;
  fixture.worker.answers.set(path, (res, req) => {
    const start = Number(/\d+/.exec(req.headers.range ?? '0')?.[0]);
    const rest = layer.subarray(start);
    if (start > 0) return void res.writeHead(206, { 'content-length': rest.byteLength }).end(rest);
    res.writeHead(200, { 'content-length': layer.byteLength });
    res.write(layer.subarray(0, 60_000), () => setImmediate(() => res.destroy()));
  });
  const events = await fixture.warm(['quay.io/org/app:1.0']);
  expect(events.at(-1)).toMatchObject({ type: 'done' });
  expect(fixture.worker.asked.filter((asked) => asked.startsWith(path))).toEqual([
    path,
    expect.stringMatching(/ bytes=[1-9]\d*-$/),
  ]);
});

test('a blob whose last byte does not come is a failure, and is not asked for again', async () => {
  const layer = Buffer.alloc(1000, 'l');
  const [, digest] = fixture.addImage('org/app', '1.0', [layer]);
  const path = `/v2/org/app/blobs/${digest}`;
  fixture.worker.answers.set(path, (res) => {
    res.writeHead(200, { 'content-length': layer.byteLength });
    res.write(layer.subarray(1), () => setImmediate(() => res.destroy()));
  });
  expect(await problemOf('quay.io/org/app:1.0')).toMatch(/is not what its digest says/);
  expect(fixture.worker.asked.filter((asked) => asked.startsWith(path))).toHaveLength(1);
});

test('all of an image is touched when it is there, as a pull would', async () => {
  const blobs = fixture.addImage('org/app', '1.0');
  const [, done] = await fixture.warm(['quay.io/org/app:1.0']);
  if (done?.type !== 'done') throw new Error('expected it to be done');
  expect(fixture.touched.toSorted()).toEqual([done.digest, ...blobs].toSorted());
});

test.each([
  [404, {}, 'the upstream has no such image'],
  [403, {}, 'the upstream denies this image to the cache: look at its credential in the pull secret (said)'],
  [429, { 'retry-after': '60' }, 'the upstream limits how much is pulled, try again in 60 s'],
  [503, {}, 'said'],
])('an answer of %i is told in a sentence', async (status, headers, problem) => {
  fixture.worker.answers.set('/v2/org/app/manifests/1.0', (res) => sendError(res, status, 'said', headers));
  expect(await problemOf('quay.io/org/app:1.0')).toBe(problem);
});

test('an upstream that authorizes clients itself cannot be warmed, and nobody is asked', async () => {
  expect(await problemOf('origin.example/org/app:1.0')).toMatch(/this cache has none to warm it with$/);
  expect(fixture.worker.asked).toEqual([]);
});

test('an upstream that the cache does not have is named', async () => {
  expect(await problemOf('gcr.io/org/app:1.0')).toMatch(/^gcr\.io is no upstream of this cache/);
});

test('a tag that the upstream could not confirm is no success, and stays as young as a pull would leave it', async () => {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, layers: [] }));
  const headers = {
    'docker-content-digest': digestOf(bytes),
    'cache-status': 'registry-cache; fwd=stale; detail=upstream-failed',
  };
  fixture.worker.answers.set(
    '/v2/org/app/manifests/1.0',
    (res) => void res.writeHead(200, headers).end(bytes),
  );
  expect(await problemOf('quay.io/org/app:1.0')).toMatch(/an earlier pull of it is there/);
  expect(fixture.touched).toEqual([digestOf(bytes)]);
});

test('an image that fails does not stop the others', async () => {
  fixture.addImage('org/app', '1.0');
  const events = await fixture.warm(['quay.io/org/none:1.0', 'quay.io/org/app:1.0']);
  expect(
    events
      .filter(({ type }) => type !== 'started')
      .map(({ type, image }) => `${type} ${image}`)
      .toSorted(),
  ).toEqual(['done quay.io/org/app:1.0', 'failed quay.io/org/none:1.0']);
});

test('whoever leaves ends the job in the middle of a blob', async () => {
  const [, digest] = fixture.addImage('org/app', '1.0');
  const leaving = new AbortController();
  let closed = false;
  fixture.worker.answers.set(`/v2/org/app/blobs/${digest}`, (res) => {
    res.once('close', () => (closed = true));
    res.writeHead(200, { 'content-length': 1000 }).write('some');
    leaving.abort(new Error('left'));
  });
  await expect(fixture.warm(['quay.io/org/app:1.0'], { signal: leaving.signal })).rejects.toThrow('left');
  await expect.poll(() => closed).toBe(true);
});

test('a job within a limit asks fills to follow its pace, and reads no faster', async () => {
  fixture.addImage('org/app', '1.0', [Buffer.alloc(1000)]);
  const startedAt = performance.now();
  await fixture.warm(['quay.io/org/app:1.0'], { bytesPerSecond: 2000 });
  expect(performance.now() - startedAt).toBeGreaterThan(500);
  expect(fixture.worker.headers.at(-1)?.['x-registry-cache-paced']).toBe('1');
});
