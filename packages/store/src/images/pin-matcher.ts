import type { Digest, RepositoryName, Tag, UpstreamName } from '@registry-cache/oci';
import picomatch from 'picomatch';
import { parsePinPattern, type PinPattern } from './pin-pattern.ts';

/** A `StoredImage`, or as much of one as is known. */
export interface PinnableImage {
  readonly upstream: UpstreamName;
  readonly repository: RepositoryName;
  readonly tag?: Tag | undefined;
  readonly digest?: Digest | undefined;
}

export interface PinMatcher {
  readonly rules: readonly PinRule[];
  matches(image: PinnableImage): boolean;
  /** As they were written. */
  matchingPatterns(image: PinnableImage): string[];
}

/** What a pattern says. */
export interface PinRule {
  readonly pattern: string;
  /** Folder of all repositories that it can match: `quay.io/org`; empty where these may be of any upstream. */
  readonly base: string;
  /** Whether it matches all of the repository, whatever tags it has. */
  readonly isWhole: boolean;
  /** @param path upstream and repository: `quay.io/org/app` */
  matchesRepository(path: string): boolean;
  /** For an image of such a repository. */
  matchesReference(image: Pick<PinnableImage, 'tag' | 'digest'>): boolean;
}

const OPTIONS = { dot: true, nonegate: true } as const;

/** Patterns that `checkPinPattern` finds fault with match nothing: whoever takes them from an operator tells. */
export function createPinMatcher(patterns: readonly string[]): PinMatcher {
  const rules = patterns
    .map(parsePinPattern)
    .flatMap((pattern) => (typeof pattern === 'string' ? [] : ruleOf(pattern)));
  const matchingPatterns = (image: PinnableImage): string[] => {
    const path = `${image.upstream}/${image.repository}`;
    return rules
      .filter((rule) => rule.matchesRepository(path) && rule.matchesReference(image))
      .map(({ pattern }) => pattern);
  };
  return { rules, matchingPatterns, matches: (image) => matchingPatterns(image).length > 0 };
}

function ruleOf({ text, repositoryGlob, select }: PinPattern): PinRule {
  const { base, glob } = picomatch.scan(repositoryGlob, OPTIONS);
  return {
    pattern: text,
    base: glob === '' ? repositoryGlob : base,
    isWhole: select.kind === 'all',
    matchesRepository: repositoryMatcher(repositoryGlob, glob === '' ? undefined : base),
    matchesReference: referenceMatcher(select),
  };
}

/** Of thousands of pins few are of the folder that is asked for, and most have no wildcard: an expression is made for no other. */
function repositoryMatcher(glob: string, base: string | undefined): PinRule['matchesRepository'] {
  if (base === undefined) return (path) => path === glob;
  const inside = base === '' ? '' : `${base}/`;
  const matches = globMatcher(glob);
  return (path) => (path.startsWith(inside) || path === base) && matches(path);
}

function globMatcher(glob: string): (text: string) => boolean {
  let matches: ((text: string) => boolean) | undefined;
  return (text) => (matches ??= picomatch(glob, OPTIONS))(text);
}

function referenceMatcher(select: PinPattern['select']): PinRule['matchesReference'] {
  switch (select.kind) {
    case 'all':
      return () => true;
    case 'digest':
      return ({ digest }) => digest === select.digest;
    case 'tags': {
      const matchesTag = globMatcher(select.glob);
      return ({ tag }) => tag !== undefined && matchesTag(tag);
    }
  }
}
