import type { StoredImage } from '@registry-cache/store/images';

/** What operators begin a name with: folders of repositories, and the beginning of a tag or digest. */
export interface ImagePrefix {
  /** `quay.io/org`: whole components */
  readonly folder: string;
  matches(image: StoredImage): boolean;
}

/** @param text `quay.io/org`, `quay.io/org/app:1.`; a colon before the first slash is that of a port */
export function parseImagePrefix(text: string): ImagePrefix {
  const lastSlash = text.lastIndexOf('/');
  const inLast = lastSlash === -1 ? -1 : text.slice(lastSlash).search(/[:@]/);
  const folderEnd = lastSlash + inLast;
  if (inLast === -1) return { folder: trimSlashes(text), matches: () => true };
  const folder = trimSlashes(text.slice(0, folderEnd));
  const reference = text.slice(folderEnd + 1);
  const isTag = text[folderEnd] === ':';
  return {
    folder,
    matches: ({ upstream, repository, tag, digest }) =>
      // A tag is of this repository, not of those below it.
      `${upstream}/${repository}` === folder &&
      (isTag ? tag?.startsWith(reference) === true : digest.startsWith(reference)),
  };
}

function trimSlashes(text: string): string {
  return text
    .split('/')
    .filter((part) => part !== '')
    .join('/');
}
