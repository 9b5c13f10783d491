import { parseDigest, parseManifest, type Digest } from '@registry-cache/oci';
import type { Answer, RegistryClient } from './registry-client.ts';

export interface PullOptions {
  readonly client: RegistryClient;
  /** As the cache's clients write it: `registry.demo/hello`. */
  readonly repository: string;
  readonly tag: string;
  readonly architecture: string;
}

/** One request of a pull and what became of it. */
export interface PullStep {
  readonly what: string;
  readonly cache: string;
  readonly bytes: number;
  readonly durationMs: number;
}

/** Pulls an image as a container engine does: index by tag, the platform's manifest by digest, config, layers. */
export async function pullImage(options: PullOptions): Promise<PullStep[]> {
  const { client, repository, tag, architecture } = options;
  const steps: PullStep[] = [];
  const get = async (what: string, path: string): Promise<Buffer> => {
    const answer = await client.get(`/v2/${repository}/${path}`);
    steps.push(stepOf(what, answer));
    return answer.body;
  };

  const index = await get(`manifest ${tag}`, `manifests/${tag}`);
  const platform = findPlatform(index, architecture);
  const manifest = parseManifest(await get(`manifest ${short(platform)}`, `manifests/${platform}`));
  for (const [position, digest] of manifest.blobs.entries()) {
    await get(`${position === 0 ? 'config' : 'layer'} ${short(digest)}`, `blobs/${digest}`);
  }
  return steps;
}

function stepOf(what: string, { cache, body, durationMs }: Answer): PullStep {
  return { what, cache, bytes: body.length, durationMs };
}

function findPlatform(index: Buffer, architecture: string): Digest {
  const { manifests } = JSON.parse(index.toString('utf8')) as {
    manifests: { digest: string; platform: { architecture: string } }[];
  };
  const found = manifests.find(({ platform }) => platform.architecture === architecture);
  if (found === undefined) throw new Error(`the image index has no manifest for linux/${architecture}`);
  return parseDigest(found.digest);
}

/** The first twelve hex digits, as `podman pull` prints them. */
function short(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1).slice(0, 12);
}
