import { findDigest, type Digest } from '@registry-cache/oci';
import { looksLikeHost } from './image-name.ts';

/** `quay.io/org/**`, `docker.io/library/alpine:3.*`, `quay.io/org/app@sha256:…`, in its parts. */
export interface PinPattern {
  /** As it was written. */
  readonly text: string;
  /** A glob of upstream and repository: `docker.io/library/alpine`. */
  readonly repositoryGlob: string;
  readonly select:
    | { readonly kind: 'all' }
    | { readonly kind: 'tags'; readonly glob: string }
    | { readonly kind: 'digest'; readonly digest: Digest };
}

// A glob that is longer names nothing that can be.
const MAX_LENGTH = 512;
// All that names consist of, and what picomatch makes of a leading `!` would be the contrary.
const REPOSITORY_GLOB = /^(?!!(?!\())[a-z0-9._/:*?{},[\]()|@!-]+$/;
const TAG_GLOB = /^(?!!(?!\())[\w.*?{},[\]()|@!-]+$/;
// A glob is matched by trying: with each more, a name that almost matches takes a hundred times as long, and others choose the names.
const MAX_CHOICES = 4;
const BRACKETS = ['()', '[]', '{}'];
const EXPECTED =
  'expected one such as quay.io/org/**, docker.io/library/alpine:3.* or quay.io/org/app@sha256:…';

/** What is wrong with a pattern, and what to write instead; undefined where nothing is. */
export function checkPinPattern(text: string): string | undefined {
  const pattern = parsePinPattern(text);
  return typeof pattern === 'string' ? pattern : undefined;
}

/** The pattern, or what is wrong with it. `docker.io` names without a slash get `library/`, as those of images do. */
export function parsePinPattern(text: string): PinPattern | string {
  const problem = (what: string): string =>
    `invalid pattern ${JSON.stringify(text.slice(0, MAX_LENGTH))}: ${what}; ${EXPECTED}`;
  if (text.length > MAX_LENGTH) return problem(`it is longer than ${MAX_LENGTH} characters`);
  // `@(a|b)` is a group, and no digest.
  const [, name = '', digestText] = /^(.*?)(?:@(?!\()(.*))?$/s.exec(text) ?? [];
  const colon = name.indexOf(':', name.lastIndexOf('/') + 1);
  const repository = colon === -1 ? name : name.slice(0, colon);
  const tagGlob = colon === -1 ? undefined : name.slice(colon + 1);

  if (!REPOSITORY_GLOB.test(repository)) return problem(`${quote(repository)} is no glob of repositories`);
  for (const glob of [repository, tagGlob ?? '']) {
    const fault = findUnevenBrackets(glob) ?? findEffortProblem(glob);
    if (fault !== undefined) return problem(fault);
  }
  if (repository.split('/').includes('')) return problem('a component of its repository is empty');
  if (!repository.includes('/') && !repository.startsWith('**')) {
    // Then what looks like a tag is a port.
    const host = /^[0-9]+$/.test(tagGlob ?? '') ? name : repository;
    const isHost = looksLikeHost(host);
    return problem(isHost ? `for all of an upstream, write ${host}/**` : 'it names no upstream');
  }
  if (tagGlob !== undefined && !TAG_GLOB.test(tagGlob))
    return problem(`${quote(tagGlob)} is no glob of tags`);
  if (digestText === undefined) {
    const select =
      tagGlob === undefined ? { kind: 'all' as const } : { kind: 'tags' as const, glob: tagGlob };
    return { text, repositoryGlob: inLibrary(repository), select };
  }
  const digest = findDigest(digestText);
  if (digest === undefined) return problem(`${quote(digestText)} is no digest`);
  return { text, repositoryGlob: inLibrary(repository), select: { kind: 'digest', digest } };
}

/** They would be taken literally, and match nothing. */
function findUnevenBrackets(glob: string): string | undefined {
  const isUneven = BRACKETS.some(
    ([open = '', close = '']) => glob.split(open).length !== glob.split(close).length,
  );
  return isUneven ? `${quote(glob)} has a bracket without its other half` : undefined;
}

function findEffortProblem(glob: string): string | undefined {
  if (glob.includes('*(')) return 'groups that repeat are not known';
  const choices = glob.match(/\*+|[({]/g) ?? [];
  return choices.length > MAX_CHOICES
    ? `${quote(glob)} has more than ${MAX_CHOICES} of * and groups: write several patterns`
    : undefined;
}

function inLibrary(repository: string): string {
  const [upstream, name, ...others] = repository.split('/');
  const isShort = upstream === 'docker.io' && others.length === 0 && name?.startsWith('**') === false;
  return isShort ? `docker.io/library/${name}` : repository;
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, MAX_LENGTH));
}
