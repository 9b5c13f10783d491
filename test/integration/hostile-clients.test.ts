import { readdir, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { pullImage } from '../support/client/pull-image.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { SMUGGLED_REPOSITORY } from '../support/hostile/hostile-framings.ts';
import { hostileHandshakesOf, hostileRequestsOf } from '../support/hostile/hostile-request.ts';
import { parseAnswers, type ParsedAnswer } from '../support/hostile/parse-answers.ts';
import { exchangeRaw } from '../support/hostile/raw-exchange.ts';
import { addColdImage } from '../support/image/cold-image.ts';

// FUZZ_SEED=… runs one other seed. A failure names its seed and its bytes.
const SEEDS = process.env['FUZZ_SEED'] === undefined ? [1, 2, 3, 4] : [Number(process.env['FUZZ_SEED'])];
const REQUESTS = 120;
const CONCURRENCY = 8;
const STATUSES = new Set([200, 206, 304, 400, 404, 405, 408, 416, 431]);
const statusesSeen = new Set<number>();
const SECRET = 'what no answer may hold';

const { upstream, cache, client } = await startCachedUpstream(closeAfterAll(), {
  // No process starts or ends without a failure.
  config: { workers: { idletimeout: '0s' } },
});
await writeFile(join(cache.folder.root, 'outside'), SECRET);
const image = addColdImage(upstream, 'hostile-clients');
upstream.addImage('org/image', 'v1', image);

/** Everything below the cache's folder but its data and sockets, with the times of its last changes. */
async function listOutside(): Promise<string[]> {
  const paths = await readdir(cache.folder.root, { recursive: true });
  const outside = paths.filter((path) => !/^(data|run)(\/|$)/.test(path)).toSorted();
  return Promise.all(
    outside.map(async (path) => `${path} ${(await stat(join(cache.folder.root, path))).mtimeMs}`),
  );
}

async function listProcesses(): Promise<string[]> {
  const processes = (await cache.children()).filter(({ name }) => name !== 'cleaner');
  return processes.map(({ name, pid }) => `${name} ${pid}`).toSorted();
}

async function inParallel<T>(items: readonly T[], task: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const work = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await task(item);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
}

/** Undefined where the answer is what a registry may say. */
function problemOf({ status, headers, body, complete }: ParsedAnswer): string | undefined {
  if (!STATUSES.has(status)) return `a status of ${status}: ${body.toString()}`;
  if (body.includes(SECRET)) return 'a file from outside the store';
  if (headers.has('set-cookie') || headers.has('x-accel-redirect')) return 'a header that is not for clients';
  if (status < 400 || !complete || body.length === 0) return undefined;
  if (!headers.get('content-type')?.startsWith('application/json')) return 'an error that is not JSON';
  const document = JSON.parse(body.toString()) as { errors?: { code?: unknown; message?: unknown }[] };
  const [error] = document.errors ?? [];
  const isError = /^[A-Z_]+$/.test(String(error?.code)) && typeof error?.message === 'string';
  return isError && error.code !== 'UNKNOWN'
    ? undefined
    : `no error of the specification: ${body.toString()}`;
}

const processesBefore = await listProcesses();
const outsideBefore = await listOutside();

test.each(SEEDS)('seed %i: every answer is well-formed and of the specification', async (seed) => {
  await inParallel(hostileRequestsOf(seed, REQUESTS), async (bytes) => {
    const { received } = await exchangeRaw(cache, bytes);
    const context = `seed ${seed}, sent ${JSON.stringify(bytes.subarray(0, 600).toString('latin1'))}`;
    let answers: ParsedAnswer[];
    try {
      answers = parseAnswers(received, bytes.includes('HEAD '));
    } catch (cause) {
      throw new Error(`${context}: got ${received.subarray(0, 600).toString('latin1')}`, { cause });
    }
    for (const answer of answers) {
      expect(problemOf(answer), context).toBeUndefined();
      statusesSeen.add(answer.status);
    }
  });
});

test('the requests came far enough to try something', () => {
  expect([200, 400, 404, 405].filter((status) => !statusesSeen.has(status))).toEqual([]);
  expect(upstream.requests.some(({ path }) => path === '/v2/org/image/manifests/v1')).toBe(true);
});

test.each(SEEDS)('seed %i: what only begins like TLS gets no answer in plain text', async (seed) => {
  await inParallel(hostileHandshakesOf(seed, 40), async (bytes) => {
    const { received } = await exchangeRaw(cache, bytes, { tls: false });
    expect(received.includes('HTTP/'), `seed ${seed}, sent ${bytes.toString('hex')}`).toBe(false);
  });
});

test.each(SEEDS)('seed %i: in plain text, every answer is one error', async (seed) => {
  await inParallel(hostileRequestsOf(seed, 30), async (bytes) => {
    const { received } = await exchangeRaw(cache, bytes, { tls: false });
    for (const { status } of parseAnswers(received, false)) expect(status).toBe(400);
  });
});

test('no upstream has seen what was smuggled, nor a path that is not of the registry API', () => {
  const paths = upstream.requests.map(({ path }) => path);
  expect(paths.filter((path) => path.includes(SMUGGLED_REPOSITORY))).toEqual([]);
  expect(
    paths.filter((path) => !/^\/v2\/[a-z0-9./_-]+\/(manifests|blobs|tags|referrers)\/[\w.:-]+$/.test(path)),
  ).toEqual([]);
});

test('no process has ended', async () => {
  expect(await listProcesses()).toEqual(processesBefore);
  expect(cache.log.lines.filter(({ msg }) => /process (ended|failed)/.test(msg))).toEqual([]);
  expect(cache.log.lines.filter(({ level }) => level === 'fatal' || level === 'error')).toEqual([]);
});

test('no file outside of the store was touched, and nothing strange is in it', async () => {
  expect(await listOutside()).toEqual(outsideBefore);
  const { data } = cache.folder;
  const entries = await readdir(data, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => relative(data, join(entry.parentPath, entry.name)));
  const repositories = paths.filter((path) => /^docker\/registry\/v2\/repositories\/[^/]+$/.test(path));
  expect(repositories.map((path) => path.split('/').at(-1))).toEqual(['quay.io']);
  expect(paths.filter((path) => /[^a-z0-9./_-]/.test(path.replace(/^registry-cache\/.*/, '')))).toEqual([]);
});

test('a normal pull works', async () => {
  await expect(pullImage(client, image.name, 'v1')).resolves.toBeDefined();
});
