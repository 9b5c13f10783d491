import type { CertificateAuthority } from '../support/certificates.ts';
import type { Auths } from '../support/cache/cache-folder.ts';
import type { Login } from '../support/client/login-client.ts';
import { buildImage, type Image } from '../support/image/build-image.ts';
import { contentOfSeed, type Content } from '../support/image/content.ts';
import { startUpstream, type Upstream, type UpstreamOptions } from '../support/upstream/start-upstream.ts';
import type { Logins } from './options.ts';

/** The upstreams of a run and everything that they hold. */
export interface Scene {
  readonly sites: readonly Site[];
  readonly pullSecret: Auths;
  close(): Promise<void>;
}

/** An upstream as the cache knows it. */
export interface Site {
  readonly name: string;
  readonly upstream: Upstream;
  /** Where the upstream says itself who may pull, `PULLER` may pull everything. */
  readonly authorization: 'cache' | 'origin';
  /** Repositories of such an upstream that `OUTSIDER` may pull. */
  readonly openToOutsider: ReadonlySet<string>;
  readonly repositories: readonly SiteRepository[];
  /** Whatever any of its repositories holds, by digest. */
  readonly blobs: ReadonlyMap<string, Content>;
}

export interface SiteRepository {
  readonly name: string;
  /** Digests that the tag has meant so far, of images that are still there. */
  readonly roots: ReadonlySet<string>;
  /** What the tag means now. */
  readonly current: Image;
  /** The tag moves to another image, or back. */
  moveTag(): void;
}

/** The one tag of every repository. */
export const TAG = 'v1';

const REPOSITORIES = 6;
const KIB = 1024;
/** What all images have in common, of whatever upstream. */
const BASE = contentOfSeed('base layer', 1500 * KIB);
export const PULLER: Login = { user: 'puller', password: 'p:ss wörd' };
export const OUTSIDER: Login = { user: 'outsider', password: 'of his own' };
const ACCOUNT = { username: PULLER.user, password: PULLER.password };

interface PlannedSite extends Omit<UpstreamOptions, 'tls'> {
  readonly openToOutsider?: readonly string[];
}

const SITES: Readonly<Record<string, PlannedSite>> = {
  'quay.io': { authentication: { kind: 'bearer', accounts: [ACCOUNT], tokenTtlSeconds: 5 } },
  'docker.io': { redirectBlobs: { ttlSeconds: 60 } },
};
// One more is as much as a run has time for.
const BASIC: Readonly<Record<string, PlannedSite>> = {
  'registry.example.com:5000': { authentication: { kind: 'basic', accounts: [ACCOUNT] } },
};
const ORIGIN = 'origin.example.com';

export async function openScene(ca: CertificateAuthority, logins: Logins): Promise<Scene> {
  const sites: Site[] = [];
  const pullSecret: Record<string, Record<string, string>> = {};
  const planned = logins === 'origin' ? { ...SITES, [ORIGIN]: planOrigin() } : { ...SITES, ...BASIC };
  for (const [name, options] of Object.entries(planned)) {
    const upstream = await startUpstream({ ...options, tls: await ca.issue() });
    sites.push(createSite(name, upstream, options.openToOutsider));
    // Also where it may pull all that clients may not: it is nobody's there.
    pullSecret[name] = options.authentication === undefined ? {} : ACCOUNT;
  }
  return {
    sites,
    pullSecret,
    close: async () => {
      await Promise.all(sites.map(({ upstream }) => upstream.close()));
    },
  };
}

/** Its repositories have a layer in common, so that what the outsider may have of one is denied to it in the others. */
function planOrigin(): PlannedSite {
  const openToOutsider = [repositoryName(ORIGIN, REPOSITORIES - 1)];
  const outsider = { username: OUTSIDER.user, password: OUTSIDER.password, repositories: openToOutsider };
  return {
    authentication: { kind: 'bearer', accounts: [ACCOUNT, outsider], tokenTtlSeconds: 5 },
    openToOutsider,
  };
}

function repositoryName(site: string, index: number): string {
  return `${site.replaceAll(/\W/g, '-')}/image-${index}`;
}

function createSite(name: string, upstream: Upstream, openToOutsider?: readonly string[]): Site {
  const blobs = new Map<string, Content>();
  const repositories = Array.from({ length: REPOSITORIES }, (_, index) => {
    const repository = createRepository(upstream, repositoryName(name, index), index);
    for (const blob of repository.images.flatMap((image) => image.blobs)) blobs.set(blob.digest, blob);
    return repository;
  });
  const authorization = openToOutsider === undefined ? 'cache' : 'origin';
  return { name, upstream, authorization, openToOutsider: new Set(openToOutsider), repositories, blobs };
}

interface PlannedRepository extends SiteRepository {
  readonly images: readonly Image[];
}

/** The first repository of each upstream has a large layer, and the second several platforms. */
function createRepository(upstream: Upstream, name: string, index: number): PlannedRepository {
  const layers = index === 0 ? [12_000 * KIB] : [2000 * KIB, 300 * KIB + index];
  const platforms = index === 1 ? ['linux/amd64', 'linux/arm64'] : ['linux/amd64'];
  const images = ['first', 'second'].map((version) =>
    buildImage({ seed: `${name} ${version}`, layers, platforms, baseLayers: [BASE] }),
  );
  const roots = new Set<string>();
  let current = -1;
  const moveTag = (): void => {
    current = (current + 1) % images.length;
    const image = currentImage();
    upstream.addImage(name, TAG, image);
    roots.add(image.root.digest);
  };
  const currentImage = (): Image => {
    const image = images[current];
    if (image === undefined) throw new RangeError('a repository without images');
    return image;
  };
  moveTag();
  return {
    name,
    images,
    roots,
    moveTag,
    get current() {
      return currentImage();
    },
  };
}
