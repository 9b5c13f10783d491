import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeImageLayout, type ImageLayout } from './image-layout.ts';
import { prepareInstallation, type Installation } from './installation.ts';
import { startBasicUpstream, startTokenUpstream, type Upstream } from './upstream.ts';

/** Two registries with an image each, and an installation that caches them: what every test starts from. */
export interface Scene {
  readonly quay: Upstream;
  readonly dockerHub: Upstream;
  /** `org/image:v1` at quay.io */
  readonly quayImage: ImageLayout;
  /** `org/image:v1` at docker.io: another image under the same name. */
  readonly dockerHubImage: ImageLayout;
  readonly installation: Installation;
  close(): Promise<void>;
}

const LAYER_SIZES_BYTES = [10, 200_000, 3_000_000];

/** @param host an address of this machine that the cache reaches */
export async function setScene(host: string): Promise<Scene> {
  const root = await mkdtemp(join(tmpdir(), 'registry-cache-e2e-'));
  const quay = await startBasicUpstream({ host, folder: join(root, 'quay.io') });
  const dockerHub = await startTokenUpstream({ host, folder: join(root, 'docker.io') });
  const quayImage = await writeImageLayout(join(root, 'quay-image'), LAYER_SIZES_BYTES);
  const dockerHubImage = await writeImageLayout(join(root, 'docker-hub-image'), LAYER_SIZES_BYTES);
  await quay.push(quayImage, 'org/image:v1');
  await dockerHub.push(dockerHubImage, 'org/image:v1');

  const upstreams = { 'quay.io': quay, 'docker.io': dockerHub };
  const installation = await prepareInstallation({ root, upstreams });
  return {
    quay,
    dockerHub,
    quayImage,
    dockerHubImage,
    installation,
    close: async () => {
      await Promise.all([quay.close(), dockerHub.close()]);
      await rm(root, { recursive: true });
    },
  };
}
