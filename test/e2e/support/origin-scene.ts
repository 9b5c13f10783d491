import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeImageLayout, type ImageLayout } from './image-layout.ts';
import { prepareInstallation, type Installation } from './installation.ts';
import type { Account } from './token-server.ts';
import { startTokenUpstream, type TokenUpstream } from './upstream.ts';

/** Two registries with accounts, each with a private image under the same name. */
export interface OriginScene {
  readonly quay: TokenUpstream;
  readonly dockerHub: TokenUpstream;
  /** `org/image:v1` at quay.io */
  readonly quayImage: ImageLayout;
  /** Has an account at quay.io, and may pull the image. */
  readonly alice: Account;
  /** Has an account there, too, and may pull nothing. */
  readonly bob: Account;
  readonly installation: Installation;
  close(): Promise<void>;
}

const LAYER_SIZES_BYTES = [10, 200_000, 3_000_000];

/** @param host an address of this machine that the cache reaches */
export async function setOriginScene(host: string): Promise<OriginScene> {
  const root = await mkdtemp(join(tmpdir(), 'registry-cache-e2e-'));
  const alice: Account = { username: 'alice', password: 'alice:secret', mayPull: ['org/image'] };
  const bob: Account = { username: 'bob', password: 'bob-secret', mayPull: [] };
  const quay = await startTokenUpstream({ host, folder: join(root, 'quay.io'), accounts: [alice, bob] });
  const dockerHub = await startTokenUpstream({ host, folder: join(root, 'docker.io') });
  const quayImage = await writeImageLayout(join(root, 'quay-image'), LAYER_SIZES_BYTES);
  const dockerHubImage = await writeImageLayout(join(root, 'docker-hub-image'), LAYER_SIZES_BYTES);
  await quay.push(quayImage, 'org/image:v1');
  await dockerHub.push(dockerHubImage, 'org/image:v1');
  return {
    quay,
    dockerHub,
    quayImage,
    alice,
    bob,
    installation: await prepareInstallation({ root, upstreams: {} }),
    close: async () => {
      await Promise.all([quay.close(), dockerHub.close()]);
      await rm(root, { recursive: true });
    },
  };
}
