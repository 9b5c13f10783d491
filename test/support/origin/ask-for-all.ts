import { expect } from 'vitest';
import { findBearerChallenge } from '../client/login-client.ts';
import { blobPath } from '../client/pull-image.ts';
import type { Received, RegistryClient } from '../client/registry-client.ts';
import type { ColdImage } from '../image/cold-image.ts';

export function textOf({ bytes }: Received): string {
  return Buffer.from(bytes).toString();
}

export function manifestPath(image: ColdImage, reference: string): string {
  return `/v2/${image.name}/manifests/${reference}`;
}

export function layerPath(image: ColdImage): string {
  return blobPath(image.name, image.layerDigest);
}

interface Ask {
  readonly path: (image: ColdImage) => string;
  readonly method?: 'HEAD';
  readonly range?: string;
}

const ASKS: Readonly<Record<string, Ask>> = {
  'a manifest by tag': { path: (image) => manifestPath(image, 'v1') },
  'a HEAD of a tag': { path: (image) => manifestPath(image, 'v1'), method: 'HEAD' },
  'a manifest by digest': { path: (image) => manifestPath(image, image.root.digest) },
  'a HEAD of a digest': { path: (image) => manifestPath(image, image.root.digest), method: 'HEAD' },
  'a blob': { path: layerPath },
  'a HEAD of a blob': { path: layerPath, method: 'HEAD' },
  'a range': { path: layerPath, range: 'bytes=0-9' },
  ranges: { path: layerPath, range: 'bytes=0-9,20-29' },
  'the tags': { path: (image) => `/v2/${image.name}/tags/list` },
  'the referrers': { path: (image) => `/v2/${image.name}/referrers/${image.root.digest}` },
};

/** Everything that can be asked of an image, by its name in `ASKS`. */
export async function askForAll(client: RegistryClient, image: ColdImage): Promise<Map<string, Received>> {
  const answers = Object.entries(ASKS).map(async ([what, { path, method, range }]) => {
    const requestOptions = range === undefined ? {} : { headers: { range } };
    const asked = await (method === 'HEAD'
      ? client.head(path(image), requestOptions)
      : client.get(path(image), requestOptions));
    return [what, asked] as const;
  });
  return new Map(await Promise.all(answers));
}

export function statusesOf(answers: ReadonlyMap<string, Received>): Record<string, number> {
  return Object.fromEntries([...answers].map(([what, { status }]) => [what, status]));
}

/** One status for all that is in `ASKS`. */
export function everything(status: number): Record<string, number> {
  return Object.fromEntries(Object.keys(ASKS).map((what) => [what, status]));
}

/** Every answer is the specification's error and nothing else; who may log in is told how. */
export function expectRefused(answers: ReadonlyMap<string, Received>, status: 401 | 403): void {
  expect(statusesOf(answers)).toEqual(everything(status));
  const code = status === 401 ? 'UNAUTHORIZED' : 'DENIED';
  for (const [what, answer] of answers) {
    if (ASKS[what]?.method !== 'HEAD') expect(textOf(answer)).toContain(`"${code}"`);
    expect(answer.headers['docker-content-digest']).toBeUndefined();
    expect(findBearerChallenge(answer.headers['www-authenticate']) !== undefined).toBe(status === 401);
  }
}
