import type { ListedImage } from '@registry-cache/control';
import { nameOf } from './image-name.ts';

/** What is looked for in the list of images. */
export interface ImageSearch {
  /** Words that must all occur in a name. */
  readonly text: string;
  readonly show: 'all' | 'pinned' | 'incomplete';
  /** `pulled`: the latest first. `oldest`: what is evicted first. `size`: the largest first. */
  readonly sort: ImageSort;
  /** From 1. */
  readonly page: number;
}

export type ImageSort = 'name' | 'pulled' | 'oldest' | 'size';

export interface FoundImages {
  readonly images: readonly ListedImage[];
  /** On all pages. */
  readonly total: number;
  readonly page: number;
  readonly pages: number;
}

const PAGE_SIZE = 50;
const SHOW = ['all', 'pinned', 'incomplete'] as const;
const SORTS = ['name', 'pulled', 'oldest', 'size'] as const;

/** What makes no sense is taken as left out. */
export function parseImageSearch(query: URLSearchParams): ImageSearch {
  const page = Number(query.get('page') ?? '1');
  return {
    text: (query.get('q') ?? '').trim(),
    show: SHOW.find((show) => show === query.get('show')) ?? 'all',
    sort: SORTS.find((sort) => sort === query.get('sort')) ?? 'name',
    page: Number.isSafeInteger(page) && page > 0 ? page : 1,
  };
}

/** The parameters of the same search, for a link. */
export function searchParameters(search: ImageSearch): Record<string, string | undefined> {
  return {
    q: search.text,
    show: search.show === 'all' ? undefined : search.show,
    sort: search.sort === 'name' ? undefined : search.sort,
    page: search.page === 1 ? undefined : String(search.page),
  };
}

/** One page of the images that are looked for. */
export function searchImages(images: readonly ListedImage[], search: ImageSearch): FoundImages {
  const words = search.text.toLowerCase().split(/\s+/);
  const found = images.filter((image) => {
    if (search.show === 'pinned' && !image.isPinned) return false;
    if (search.show === 'incomplete' && image.state === 'complete') return false;
    const name = nameOf(image).toLowerCase();
    return words.every((word) => name.includes(word));
  });
  const compare = COMPARISONS[search.sort];
  if (compare !== undefined) found.sort(compare);
  const pages = Math.max(1, Math.ceil(found.length / PAGE_SIZE));
  const page = Math.min(search.page, pages);
  const shown = found.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE);
  return { images: shown, total: found.length, page, pages };
}

/** What is evicted first, unless somebody pulls it before: those that were not pulled for longest. */
export function nextToGo(images: readonly ListedImage[], count: number): readonly ListedImage[] {
  const candidates = images.filter(({ isPinned, storedBytes }) => !isPinned && storedBytes > 0);
  return candidates.toSorted(byOldest).slice(0, count);
}

function byOldest(a: ListedImage, b: ListedImage): number {
  return (a.pulledAtMs ?? Infinity) - (b.pulledAtMs ?? Infinity) || nameOf(a).localeCompare(nameOf(b));
}

// The list comes sorted by name.
const COMPARISONS: Readonly<Record<ImageSort, ((a: ListedImage, b: ListedImage) => number) | undefined>> = {
  name: undefined,
  pulled: (a, b) => (b.pulledAtMs ?? 0) - (a.pulledAtMs ?? 0),
  oldest: byOldest,
  size: (a, b) => b.storedBytes - a.storedBytes,
};
