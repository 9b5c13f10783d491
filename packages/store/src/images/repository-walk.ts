import {
  findUpstreamName,
  parseRepositoryName,
  RegistryError,
  type RepositoryName,
  type UpstreamName,
} from '@registry-cache/oci';
import { upstreamFolder, type Layout, type Repository } from '../layout.ts';
import { entriesIn } from '../maintenance/folder-entries.ts';
import { looksLikeHost } from './image-name.ts';

export interface RepositoryWalkOptions {
  /** `quay.io`, `quay.io/org`: whole components; everything where left out. */
  readonly prefix?: string;
  /** Those that are there whose name has no dot and no port, or any that it may be. */
  readonly upstreams?: readonly UpstreamName[] | 'any';
  readonly signal: AbortSignal;
}

/**
 * The repositories of upstreams at and below a folder, in alphabetical order, a repository before those inside its folder. What a
 * plain registry has left on the same disk has no upstream, and is passed over: its first component looks like no host.
 */
export async function* walkImageRepositories(
  layout: Layout,
  options: RepositoryWalkOptions,
): AsyncGenerator<Repository> {
  const [upstreamText = '', ...name] = (options.prefix ?? '').split('/').filter((part) => part !== '');
  if (upstreamText !== '') {
    const upstream = findUpstreamName(upstreamText);
    if (upstream !== undefined) yield* repositoriesBelow(layout, upstream, name.join('/'), options.signal);
    return;
  }
  for (const folder of await foldersIn(layout.repositories)) {
    const upstream = findUpstreamName(folder.replace('_', ':'));
    if (upstream === undefined || upstreamFolder(upstream) !== folder) continue;
    const { upstreams = [] } = options;
    if (looksLikeHost(upstream) || upstreams === 'any' || upstreams.includes(upstream)) {
      yield* repositoriesBelow(layout, upstream, '', options.signal);
    }
  }
}

async function* repositoriesBelow(
  layout: Layout,
  upstream: UpstreamName,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Repository> {
  signal.throwIfAborted();
  const name = path === '' ? undefined : findRepositoryName(path);
  // Nothing below it would be a name either, and nothing leads out of the folder.
  if (path !== '' && name === undefined) return;
  const folders = await foldersIn(`${layout.repositories}/${upstreamFolder(upstream)}/${path}`);
  if (name !== undefined && folders.includes('_manifests')) yield { upstream, name };
  for (const folder of folders) {
    // `_layers`, `_manifests` and `_uploads` are a repository's own; no component of a name starts like that.
    if (folder.startsWith('_')) continue;
    yield* repositoriesBelow(layout, upstream, path === '' ? folder : `${path}/${folder}`, signal);
  }
}

async function foldersIn(path: string): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of entriesIn(path)) if (entry.isDirectory()) names.push(entry.name);
  return names.sort();
}

function findRepositoryName(text: string): RepositoryName | undefined {
  try {
    return parseRepositoryName(text);
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}
