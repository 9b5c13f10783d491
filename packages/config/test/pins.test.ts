import { expect, test } from 'vitest';
import { rejectionOf } from './support/problems.ts';
import { createWorkspace } from './support/workspace.ts';

const UPSTREAMS = 'upstreams: {docker.io: , quay.io: , "registry.example.com:5000": }';
const DIGEST = `sha256:${'a'.repeat(64)}`;

test.each([
  ['quay.io/openshift-release-dev/**', 'quay.io/openshift-release-dev/**'],
  ['quay.io/org/app', 'quay.io/org/app'],
  ['QUAY.io/org/app:V1.*', 'quay.io/org/app:V1.*'],
  [`quay.io/org/app@${DIGEST}`, `quay.io/org/app@${DIGEST}`],
  [`quay.io/org/app:1.0@${DIGEST}`, `quay.io/org/app:1.0@${DIGEST}`],
  ['docker.io/alpine:3.20', 'docker.io/library/alpine:3.20'],
  ['docker.io/**', 'docker.io/**'],
  ['docker.io/org/app', 'docker.io/org/app'],
  ['registry.example.com:5000/app:1', 'registry.example.com:5000/app:1'],
  ['quay.io/{org,team}/app:@(1|2).*', 'quay.io/{org,team}/app:@(1|2).*'],
  ['*/org/app', '*/org/app'],
  ['**/app:latest', '**/app:latest'],
])('%s is the pattern %s', async (written, pattern) => {
  const { loadYaml } = await createWorkspace();
  const { cleaner, warnings } = await loadYaml(
    `http: {addr: ":0"}\n${UPSTREAMS}\ncleaner: {pins: ["${written}"]}`,
  );
  expect(cleaner.pins).toEqual([pattern]);
  expect(warnings).toEqual([]);
});

test.each([
  ['alpine', 'with its registry'],
  ['org/app:1', 'with its registry'],
  ['**', 'with its registry'],
  ['quay.io/', 'an empty component'],
  ['quay.io/org//app', 'an empty component'],
  ['quay.io/org/app/', 'an empty component'],
  ['quay.io/org/app:', 'an empty tag'],
  ['quay.io/org/*(a*)x', 'a group that repeats'],
  ['quay.io/Org/app', 'lower case'],
  ['quay.io/org/app@sha256:12', 'hexadecimal digits'],
  ['quay.io/org/app@latest', 'hexadecimal digits'],
])('%j is refused', async (written, why) => {
  const { loadYaml } = await createWorkspace();
  expect((await rejectionOf(loadYaml(`${UPSTREAMS}\ncleaner: {pins: ["${written}"]}`))).problems).toEqual([
    { key: 'cleaner.pins', message: expect.stringContaining(why) },
  ]);
});

test('a name without a registry is of the default upstream', async () => {
  const { loadYaml } = await createWorkspace();
  const { cleaner } = await loadYaml(
    'upstreams: {docker.io: {default: true}}\ncleaner: {pins: [alpine, org/*]}',
  );
  expect(cleaner.pins).toEqual(['docker.io/library/alpine', 'docker.io/org/*']);
});

test('a registry that is no upstream is warned of, and its pin is kept', async () => {
  const { loadYaml } = await createWorkspace();
  const { cleaner, warnings } = await loadYaml(
    `http: {addr: ":0"}\n${UPSTREAMS}\ncleaner: {pins: [ghcr.io/org/app]}`,
  );
  expect(cleaner.pins).toEqual(['ghcr.io/org/app']);
  expect(warnings).toEqual([
    'cleaner.pins: "ghcr.io/org/app" pins nothing, as ghcr.io is no upstream of this cache',
  ]);
});

test('the environment has them between spaces', async () => {
  const { loadYaml } = await createWorkspace();
  const env = { REGISTRY_CLEANER_PINS: 'quay.io/org/**  quay.io/org/** quay.io/team/app:1.{0,1}' };
  const { cleaner } = await loadYaml(UPSTREAMS, env);
  expect(cleaner.pins).toEqual(['quay.io/org/**', 'quay.io/team/app:1.{0,1}']);
  const { problems } = await rejectionOf(loadYaml(UPSTREAMS, { REGISTRY_CLEANER_PINS: 'app /' }));
  expect(problems.map(({ key }) => key)).toEqual(['REGISTRY_CLEANER_PINS', 'REGISTRY_CLEANER_PINS']);
});
