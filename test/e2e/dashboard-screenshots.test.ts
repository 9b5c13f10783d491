import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { prepareCache, startPrepared } from '../support/cache/start-cache.ts';
import { createCertificateAuthority } from '../support/certificates.ts';
import { blobPath } from '../support/client/pull-image.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { findFreePort } from '../support/free-port.ts';
import { createGate } from '../support/gate.ts';
import { buildImage } from '../support/image/build-image.ts';
import { stallAfter } from '../support/upstream/behaviours.ts';
import { startUpstream } from '../support/upstream/start-upstream.ts';
import { startBrowser } from './support/dashboard-browser.ts';
import { writeHistory, writeImage, type RealisticImage } from './support/realistic-store.ts';

// The pictures of docs/screenshots, made from the real thing: with UPDATE_SCREENSHOTS=1 they are written there.

const FOLDER = join(import.meta.dirname, '../../docs/screenshots');
const MAX_BYTES = 300 * 1024;

const IMAGES: readonly RealisticImage[] = [
  {
    name: 'docker.io/library/alpine:3.20',
    layersMiB: [3.5],
    pulledHoursAgo: 0.1,
    platforms: ['linux/amd64', 'linux/arm64'],
  },
  { name: 'docker.io/library/nginx:1.27', layersMiB: [28, 41, 0.1], pulledHoursAgo: 2 },
  { name: 'docker.io/library/postgres:16', layersMiB: [28, 4, 108], pulledHoursAgo: 31 },
  { name: 'docker.io/library/redis:7.4', layersMiB: [28, 12], pulledHoursAgo: 5 },
  { name: 'docker.io/grafana/grafana:11.2.0', layersMiB: [3, 12, 130], pulledHoursAgo: 9 },
  {
    name: 'docker.io/nvidia/cuda:12.6.0-devel-ubuntu24.04',
    layersMiB: [29, 1280, 2100],
    pulledHoursAgo: 1480,
    evicted: 1,
  },
  {
    name: 'ghcr.io/fluxcd/source-controller:v1.4.1',
    layersMiB: [3, 49],
    pulledHoursAgo: 4,
    platforms: ['linux/amd64', 'linux/arm64'],
  },
  { name: 'ghcr.io/home-assistant/home-assistant:2026.11', layersMiB: [24, 310, 190], pulledHoursAgo: 700 },
  {
    name: 'quay.io/openshift-release-dev/ocp-release:4.16.12-x86_64',
    layersMiB: [78, 11, 83],
    pulledHoursAgo: 49,
  },
  {
    name: 'quay.io/openshift-release-dev/ocp-v4.0-art-dev:4.16.12-console',
    layersMiB: [78, 260, 142],
    pulledHoursAgo: 49,
  },
  {
    name: 'quay.io/openshift-release-dev/ocp-v4.0-art-dev:4.16.12-hyperkube',
    layersMiB: [78, 260, 410],
    pulledHoursAgo: 50,
  },
  { name: 'quay.io/prometheus/prometheus:v2.54.1', layersMiB: [2, 101], pulledHoursAgo: 3 },
  { name: 'quay.io/prometheus/alertmanager:v0.27.0', layersMiB: [2, 30], pulledHoursAgo: 400 },
  {
    name: 'quay.io/jetstack/cert-manager-controller:v1.15.3',
    layersMiB: [21],
    pulledHoursAgo: 12,
    platforms: ['linux/amd64', 'linux/arm64'],
  },
  { name: 'registry.k8s.io/ingress-nginx/controller:v1.11.2', layersMiB: [30, 74], pulledHoursAgo: 1 },
  { name: 'registry.k8s.io/kube-apiserver:v1.30.4', layersMiB: [2, 29], pulledHoursAgo: 20 },
  { name: 'registry.k8s.io/etcd:3.5.15-0', layersMiB: [2, 52], pulledHoursAgo: 20 },
  ...Array.from({ length: 40 }, (_none, number) => ({
    name: `quay.io/acme/${['shop', 'mail', 'search', 'billing'][number % 4] ?? ''}-service:2026.${String(46 - Math.floor(number / 4))}`,
    layersMiB: [78, 190 + number * 7, 44],
    pulledHoursAgo: 1 + number * number * 1.1,
  })),
];

const closeLater = closeAfterAll();
const debugPort = await findFreePort();
const ca = await createCertificateAuthority();
const upstream = closeLater(await startUpstream({ tls: await ca.issue() }));
const entry = { url: upstream.origin };
const prepared = await prepareCache({
  ca,
  upstreams: {
    'docker.io': entry,
    'ghcr.io': entry,
    'quay.io': entry,
    'registry.k8s.io': entry,
    'registry.example.com': { url: 'https://127.0.0.1:9' },
  },
  config: {
    cleaner: { maxsize: '50G', pins: ['quay.io/openshift-release-dev/**', 'docker.io/library/alpine:3.*'] },
  },
  env: { REGISTRY_HTTP_DEBUG_ADDR: `127.0.0.1:${debugPort}` },
});
await writeHistory(prepared.folder.data);
const written = await Promise.all(IMAGES.map((image) => writeImage(prepared.folder.data, image)));
for (const { repository, tag, root } of written) {
  upstream.addImage(repository, tag, { root, manifests: [root], blobs: [] });
}
const cache = closeLater(await startPrepared(prepared));
const origin = `http://127.0.0.1:${debugPort}`;
const browser = closeLater(await startBrowser([origin]));

/** Two fills that stay where they are. */
async function startFills(): Promise<void> {
  const gate = createGate();
  closeLater({ close: async () => gate.open() });
  for (const { repository, megabytes, part } of [
    { repository: 'acme/checkout-service', megabytes: 24, part: 0.62 },
    { repository: 'acme/report-service', megabytes: 9, part: 0.28 },
  ]) {
    const image = buildImage({ seed: repository, layers: [megabytes * 1_000_000] });
    const digest = image.platforms[0]?.layers[0]?.digest ?? '';
    upstream.addImage(repository, '2026.47', image);
    upstream.misbehave(
      { method: 'GET', path: new RegExp(digest) },
      stallAfter(Math.round(megabytes * 1_000_000 * part), gate.opened),
    );
    const answer = await cache.client().open('GET', blobPath(`quay.io/${repository}`, digest));
    answer.on('error', () => {}).resume();
  }
}

/** Pulls that make the figures of the upstreams. */
async function use(): Promise<void> {
  const client = cache.client();
  for (const { name, times } of [
    { name: 'quay.io/prometheus/alertmanager', times: 9 },
    { name: 'docker.io/library/alpine', times: 12 },
    { name: 'registry.k8s.io/kube-apiserver', times: 3 },
    { name: 'ghcr.io/fluxcd/source-controller', times: 1 },
  ]) {
    const image = written.find(({ repository }) => name.endsWith(`/${repository}`));
    for (let pull = 0; pull < times; pull += 1) {
      await client.get(`/v2/${name}/manifests/${image?.tag ?? ''}`);
      for (const layer of image?.layers ?? []) await client.get(blobPath(name, layer));
    }
  }
  await client.get('/v2/registry.example.com/team/app/manifests/1.0');
}

const PICTURES = [
  { file: 'overview-light.png', path: '', colorScheme: 'light', width: 1280, height: 1180 },
  { file: 'overview-dark.png', path: '', colorScheme: 'dark', width: 1280, height: 1180 },
  { file: 'images-light.png', path: 'images', colorScheme: 'light', width: 1280, height: 860 },
  {
    file: 'image-dark.png',
    path: 'image?name=docker.io/nvidia/cuda:12.6.0-devel-ubuntu24.04',
    colorScheme: 'dark',
    width: 1280,
    height: 860,
  },
  { file: 'overview-phone.png', path: '', colorScheme: 'light', width: 390, height: 844 },
  { file: 'images-phone.png', path: 'images', colorScheme: 'dark', width: 390, height: 844 },
] as const;

test('the pages of a cache with months behind it look as in the documentation', async () => {
  await use();
  await startFills();
  const shown = async (): Promise<string> => (await fetch(`${origin}/dashboard/`)).text();
  await expect.poll(shown).toContain('acme/report-service');
  await expect.poll(shown).not.toContain('measuring');
  for (const { file, path, colorScheme, width, height } of PICTURES) {
    const opened = await browser.open({ colorScheme, viewport: { width, height } });
    await opened.page.goto(`${origin}/dashboard/${path}`);
    const plots = path === '' ? 2 : 0;
    await expect.poll(() => opened.page.locator('.plot canvas').count()).toBe(plots);
    const picture = await opened.page.screenshot();
    expect(opened.offences).toEqual([]);
    expect(picture.length, file).toBeLessThan(MAX_BYTES);
    if (process.env['UPDATE_SCREENSHOTS'] === '1') {
      await mkdir(FOLDER, { recursive: true });
      await writeFile(join(FOLDER, file), picture);
    }
    await opened.close();
  }
});
