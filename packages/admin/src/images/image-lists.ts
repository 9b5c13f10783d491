import type { UpstreamName } from '@registry-cache/oci';
import type { Layout } from '@registry-cache/store';
import { listImages, type StoredImage } from '@registry-cache/store/images';
import { waitFor } from '../wait-for.ts';

/** Lists of what is stored, which cost a walk over its folders: whoever asks for the same soon after gets the same list. */
export interface ImageLists {
  /** @param prefix whole components: `quay.io/org` */
  list(prefix: string, signal: AbortSignal): Promise<readonly StoredImage[]>;
  /** The store was changed. */
  forget(): void;
}

export interface ImageListsOptions {
  readonly layout: () => Layout;
  /** Whose names may look like no host. */
  readonly upstreams: () => readonly UpstreamName[];
  readonly closing: AbortSignal;
  /** @internal */
  readonly keepMs?: number;
}

const KEEP_MS = 5_000;

export function createImageLists({
  layout,
  upstreams,
  closing,
  keepMs = KEEP_MS,
}: ImageListsOptions): ImageLists {
  const lists = new Map<string, Promise<readonly StoredImage[]>>();
  const walk = async (prefix: string): Promise<readonly StoredImage[]> => {
    const images: StoredImage[] = [];
    const walking = listImages(layout(), { prefix, upstreams: upstreams(), signal: closing });
    for await (const image of walking) images.push(image);
    return images;
  };
  const begin = (prefix: string): Promise<readonly StoredImage[]> => {
    const list = walk(prefix);
    lists.set(prefix, list);
    // From its end on, as long as it may take.
    const drop = (): void => {
      if (lists.get(prefix) === list) lists.delete(prefix);
    };
    list.then(() => void setTimeout(drop, keepMs).unref(), drop);
    return list;
  };
  return {
    list: (prefix, signal) => waitFor(lists.get(prefix) ?? begin(prefix), signal),
    forget: () => lists.clear(),
  };
}
