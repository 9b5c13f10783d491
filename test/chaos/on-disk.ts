import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Says whether the cache has something complete, by the files that a registry on its data would serve. */
export interface OnDisk {
  /** Undefined where it is not there; the same text twice means that it was there all the time. */
  findBlob(site: string, repository: string, digest: string): Promise<string | undefined>;
  findManifest(site: string, repository: string, digest: string): Promise<string | undefined>;
  /** The tag and the manifest that it names. */
  findTag(site: string, repository: string, tag: string): Promise<string | undefined>;
}

export function createOnDisk(dataFolder: string): OnDisk {
  const registry = join(dataFolder, 'docker/registry/v2');
  const folderOf = (site: string, repository: string): string =>
    join(registry, 'repositories', site.replace(':', '_'), repository);

  const findLinked = async (link: string, digest: string): Promise<string | undefined> => {
    const hex = digest.slice('sha256:'.length);
    const linked = await findIdentity(link);
    const blob = await findIdentity(join(registry, 'blobs/sha256', hex.slice(0, 2), hex, 'data'));
    return linked === undefined || blob === undefined ? undefined : `${digest} ${blob}`;
  };
  const findManifest: OnDisk['findManifest'] = (site, repository, digest) => {
    const name = digest.replace(':', '/');
    return findLinked(join(folderOf(site, repository), '_manifests/revisions', name, 'link'), digest);
  };
  return {
    findManifest,
    findBlob: (site, repository, digest) =>
      findLinked(join(folderOf(site, repository), '_layers', digest.replace(':', '/'), 'link'), digest),
    async findTag(site, repository, tag) {
      const link = join(folderOf(site, repository), '_manifests/tags', tag, 'current/link');
      const digest = await unlessMissing(readFile(link, 'utf8'));
      return digest === undefined ? undefined : findManifest(site, repository, digest);
    },
  };
}

/** Another file in the same place has another inode or another time. */
async function findIdentity(path: string): Promise<string | undefined> {
  const file = await unlessMissing(stat(path));
  return file === undefined ? undefined : `${file.ino} ${file.mtimeMs}`;
}

async function unlessMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'ENOENT') return undefined;
    throw err;
  }
}
