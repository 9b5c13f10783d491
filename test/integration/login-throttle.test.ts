import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { pullImage } from '../support/client/pull-image.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { addColdImage } from '../support/image/cold-image.ts';

// htpasswd -nbB -C 5 someone 'client: pässword'
const HTPASSWD = 'someone:$2y$05$78LvC4h9WBhk2n6YQKGb5Om.f8CsSb0uFD0/KC2m.ZApz1XF22jkK\n';
const PASSWORD = 'client: pässword';
const UPSTREAM_PASSWORD = 'of the upstream';

const { upstream, cache } = await startCachedUpstream(closeAfterAll(), {
  htpasswd: HTPASSWD,
  upstream: {
    authentication: { kind: 'bearer', accounts: [{ username: 'robot', password: UPSTREAM_PASSWORD }] },
  },
  pullSecret: { 'quay.io': { username: 'robot', password: UPSTREAM_PASSWORD } },
  config: { log: { level: 'debug' } },
});
const client = cache.client(`someone:${PASSWORD}`);
const errorTexts: string[] = [];

test('guesses are refused after ten, and logins that are known go on from the same address', async () => {
  const image = addColdImage(upstream, 'login-throttle');
  await pullImage(client, image.name, 'v1');
  const statuses: number[] = [];
  for (let guess = 0; guess < 14; guess += 1) {
    const { status, bytes } = await cache.client(`someone:guess ${guess}`).get('/v2/');
    statuses.push(status);
    errorTexts.push(Buffer.from(bytes).toString());
  }
  expect(statuses).toEqual([...Array<number>(10).fill(401), ...Array<number>(4).fill(429)]);
  await expect(pullImage(client, image.name, 'v1')).resolves.toBeDefined();
});

test('a refused guess says when to come back', async () => {
  const { status, headers, bytes } = await cache.client('nobody:at all').get('/v2/');
  expect(status).toBe(429);
  expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  expect(JSON.parse(Buffer.from(bytes).toString())).toMatchObject({ errors: [{ code: 'TOOMANYREQUESTS' }] });
});

test('guessing is logged once', () => {
  const lines = cache.log.lines.filter(({ msg }) => msg.startsWith('too many failed logins'));
  expect(lines).toEqual([expect.objectContaining({ address: '127.0.0.1', failures: 10 })]);
});

test('no secret is in the log, in the answers, in a command line or in an environment', async () => {
  const passwords = [PASSWORD, UPSTREAM_PASSWORD, 'guess 3'];
  const logins = [`someone:${PASSWORD}`, `robot:${UPSTREAM_PASSWORD}`, 'someone:guess 3'];
  const sent = upstream.requests.flatMap(
    ({ headers }) => /^\S+ (\S+)$/.exec(String(headers.authorization))?.[1] ?? [],
  );
  expect(sent).not.toEqual([]);
  const encoded = [...passwords, ...logins].map((text) => Buffer.from(text).toString('base64'));
  const secrets = [...passwords, ...sent, ...encoded, HTPASSWD.trim().slice('someone:'.length)];

  const children = await cache.children();
  const places: (readonly [string, string])[] = [
    ['log', cache.log.text()],
    ['answers', errorTexts.join('\n')],
  ];
  for (const { name, pid } of [{ name: 'supervisor', pid: cache.pid }, ...children]) {
    places.push([`command line of ${name}`, await readFile(`/proc/${pid}/cmdline`, 'utf8')]);
    places.push([`environment of ${name}`, await readFile(`/proc/${pid}/environ`, 'utf8')]);
  }
  expect(places.length).toBeGreaterThanOrEqual(2 + 2 * 4);
  const found = places.flatMap(([place, text]) =>
    secrets.filter((secret) => text.includes(secret)).map((secret) => `${place}: ${secret}`),
  );
  expect(found).toEqual([]);
});
