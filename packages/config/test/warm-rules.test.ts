import { expect, test } from 'vitest';
import type { WarmSettings } from '../src/settings.ts';
import { rejectionOf } from './support/problems.ts';
import { createWorkspace } from './support/workspace.ts';

const UPSTREAMS = 'upstreams: {docker.io: , quay.io: , "registry.example.com:5000": }';
const DIGEST = `sha256:${'a'.repeat(64)}`;
const HOUR_MS = 3_600_000;

async function warmOf(warm: string, env: Record<string, string> = {}): Promise<WarmSettings> {
  const { loadYaml } = await createWorkspace();
  return (await loadYaml(`${UPSTREAMS}\n${warm}`, env)).warm;
}

test.each([
  ['quay.io/org/app:1.*', 'quay.io/org/app', ['1.*']],
  ['quay.io/org/app', 'quay.io/org/app', ['latest']],
  ['docker.io/alpine:3.20', 'docker.io/library/alpine', ['3.20']],
  ['docker.io/org/app:v@(1|2)', 'docker.io/org/app', ['v@(1|2)']],
  ['registry.example.com:5000/app', 'registry.example.com:5000/app', ['latest']],
])('%s is %s by tags %j', async (image, repository, patterns) => {
  expect(await warmOf(`warm: {images: ["${image}"]}`)).toEqual({
    rules: [{ repository, select: { kind: 'tags', patterns }, everyMs: 6 * HOUR_MS }],
    concurrency: 2,
  });
});

test.each([`quay.io/org/app@${DIGEST}`, `quay.io/org/app:1.0@${DIGEST}`])(
  '%s is that digest',
  async (image) => {
    const { rules } = await warmOf(`warm: {images: ["${image}"]}`);
    expect(rules).toMatchObject([
      { repository: 'quay.io/org/app', select: { kind: 'digest', digest: DIGEST } },
    ]);
  },
);

test('a rule says how often and which platforms, unless all of them have it in common', async () => {
  const { rules, bytesPerSecond, concurrency } = await warmOf(`
warm:
  every: 12h
  bandwidth: 20M/s
  concurrency: 4
  platforms: [linux/amd64, linux/arm/v7]
  images:
    - quay.io/org/app
    - {image: quay.io/org/base, tags: [v1.*, stable], every: 1h, platforms: [linux/arm64]}
    - {image: quay.io/org/all, platforms: all}
`);
  expect({ bytesPerSecond, concurrency }).toEqual({ bytesPerSecond: 20 * 1024 ** 2, concurrency: 4 });
  expect(rules).toEqual([
    {
      repository: 'quay.io/org/app',
      select: { kind: 'tags', patterns: ['latest'] },
      everyMs: 12 * HOUR_MS,
      platforms: ['linux/amd64', 'linux/arm/v7'],
    },
    {
      repository: 'quay.io/org/base',
      select: { kind: 'tags', patterns: ['v1.*', 'stable'] },
      everyMs: HOUR_MS,
      platforms: ['linux/arm64'],
    },
    {
      repository: 'quay.io/org/all',
      select: { kind: 'tags', patterns: ['latest'] },
      everyMs: 12 * HOUR_MS,
    },
  ]);
});

test('the environment may name images and platforms between spaces', async () => {
  const env = {
    REGISTRY_WARM_IMAGES: 'quay.io/org/a quay.io/org/b:2',
    REGISTRY_WARM_PLATFORMS: 'linux/amd64',
  };
  const { rules } = await warmOf('', env);
  expect(rules).toMatchObject([
    { repository: 'quay.io/org/a', platforms: ['linux/amd64'] },
    { repository: 'quay.io/org/b', select: { patterns: ['2'] } },
  ]);
});

test('a name without a registry is of the default upstream', async () => {
  const { loadYaml } = await createWorkspace();
  const { warm } = await loadYaml(
    'upstreams: {docker.io: {default: true}}\nwarm: {images: [alpine:3, org/app]}',
  );
  expect(warm.rules.map(({ repository }) => repository)).toEqual([
    'docker.io/library/alpine',
    'docker.io/org/app',
  ]);
});

test.each([
  ['alpine', '', 'with its registry'],
  ['org/app', '', 'with its registry'],
  [
    'ghcr.io/org/app',
    '',
    'an upstream of this cache (docker.io, quay.io, registry.example.com:5000), got "ghcr.io"',
  ],
  ['localhost/app', '', 'got "localhost"'],
  ['quay.io/org/*', '', 'only the tag may be a pattern'],
  ['quay.io/Org/app', '', 'in lower case'],
  ['quay.io/', '', 'one repository'],
  ['"quay.io/org/app:"', '', 'expected a tag or a pattern of tags'],
  ['quay.io/org/app@sha256:12', '', '64 hexadecimal digits'],
  ['7', '', 'expected a text, got a number'],
  ['{tags: [a]}', '.image', 'expected a text, got nothing'],
  ['{image: quay.io/org/app, tags: []}', '.tags', 'expected a pattern such as v1.*, got none'],
  ['{image: quay.io/org/app, tags: [a/b]}', '.tags', 'got "a/b"'],
  ['{image: quay.io/org/app:1, tags: [a]}', '.image', 'expected no tag or digest in the image'],
  ['{image: quay.io/org/app, every: 10}', '.every', 'a duration with units'],
  ['{image: quay.io/org/app, platforms: [amd64]}', '.platforms', 'expected os/architecture'],
  ['{image: quay.io/org/app, platform: linux/amd64}', '.platform', 'did you mean warm.images[0].platforms?'],
])('%s is refused', async (image, where, why) => {
  const { loadYaml } = await createWorkspace();
  expect((await rejectionOf(loadYaml(`${UPSTREAMS}\nwarm: {images: [${image}]}`))).problems).toEqual([
    { key: `warm.images[0]${where}`, message: expect.stringContaining(why) },
  ]);
});

test('every mistake of every rule is reported at once, by the variable that gave it', async () => {
  const error = await rejectionOf(warmOf('', { REGISTRY_WARM_IMAGES: 'quay.io/a app quay.io/b:' }));
  expect(error.problems.map(({ key }) => key)).toEqual([
    'REGISTRY_WARM_IMAGES[1]',
    'REGISTRY_WARM_IMAGES[2]',
  ]);
});

test('an upstream that asks with the credentials of clients is warned of once', async () => {
  const { loadYaml } = await createWorkspace();
  const { warnings } = await loadYaml(`
http: {addr: ":0", host: "https://cache.example.com"}
upstreams: {dtr.example.com: {authorization: origin}}
warm: {images: [dtr.example.com/a, dtr.example.com/b]}
`);
  expect(warnings).toEqual([expect.stringContaining('only what everybody may pull is warmed')]);
});

test('a bandwidth for nothing has no effect, with a warning', async () => {
  const { loadYaml } = await createWorkspace();
  const { warnings } = await loadYaml('http: {addr: ":0"}\nwarm: {bandwidth: 20M}');
  expect(warnings).toEqual([expect.stringContaining('warm.bandwidth has no effect')]);
});
