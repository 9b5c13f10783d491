import type { IncomingMessage } from 'node:http';
import {
  findCacheOutcome,
  findDigest,
  formatReference,
  MANIFEST_MEDIA_TYPES,
  MAX_MANIFEST_BYTES,
  type CacheOutcome,
  type Digest,
  type Reference,
  type RepositoryName,
} from '@registry-cache/oci';
import { problemOf } from './answer-problem.ts';
import type { Bandwidth } from './bandwidth.ts';
import { pullBlob, type PulledBlob } from './pull-blob.ts';
import { readBody } from './read-body.ts';
import type { Turns } from './turns.ts';
import { WarmProblem } from './warm-problem.ts';
import type { WorkerLink } from './worker-link.ts';

/** What a client asks of one repository to pull an image, asked of its worker. */
export interface RepositoryPulls {
  /** @throws {WarmProblem} */
  manifest(reference: Reference, signal: AbortSignal): Promise<PulledManifest>;
  /**
   * @param onBytes told of each part that was read, and of what was read in vain as less than nothing
   * @throws {WarmProblem}
   */
  blob(digest: Digest, onBytes: (bytes: number) => void, signal: AbortSignal): Promise<PulledBlob>;
  /** All tags. @throws {WarmProblem} */
  tags(signal: AbortSignal): Promise<readonly string[]>;
}

export interface PulledManifest {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly outcome: CacheOutcome | undefined;
}

export interface RepositoryPullsOptions {
  readonly link: WorkerLink;
  readonly socketPath: string;
  readonly name: RepositoryName;
  readonly bandwidth: Bandwidth;
  readonly blobTurns: Turns;
  /** Whether a blob may be fetched as slowly as `bandwidth` has it read. */
  readonly mayHoldConnection: boolean;
}

const MAX_TAG_PAGE_BYTES = 16 * 1024 * 1024;
const MAX_TAG_PAGES = 10_000;
/** Some repositories have a tag for each build of years. */
const MAX_TAGS = 200_000;

export function createRepositoryPulls(options: RepositoryPullsOptions): RepositoryPulls {
  const { link, socketPath, name, bandwidth, blobTurns } = options;

  async function ask(
    target: string,
    subject: string,
    signal: AbortSignal,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<IncomingMessage> {
    const answer = await link.get({ socketPath, target, headers }, signal);
    if (answer.statusCode === 200 || answer.statusCode === 206) return answer;
    throw await problemOf(answer, subject);
  }

  return {
    async manifest(reference, signal) {
      const target = `/v2/${name}/manifests/${formatReference(reference)}`;
      const answer = await ask(target, 'image', signal, { accept: MANIFEST_MEDIA_TYPES.join(', ') });
      const outcome = findCacheOutcome(String(answer.headers['cache-status']));
      const bytes = await readBody(answer, MAX_MANIFEST_BYTES);
      const digest = findDigest(String(answer.headers['docker-content-digest']));
      if (digest === undefined) throw new WarmProblem('the worker of this upstream does not name a digest');
      if (outcome === 'miss') await bandwidth.take(bytes.byteLength, signal);
      return { digest, bytes, outcome };
    },

    blob: (digest, onBytes, signal) =>
      blobTurns.run(() => {
        const askBlob = (headers: Readonly<Record<string, string>>): Promise<IncomingMessage> =>
          ask(`/v2/${name}/blobs/${digest}`, 'blob', signal, headers);
        const isPaced = options.mayHoldConnection && bandwidth.isLimited();
        return pullBlob({ ask: askBlob, bandwidth, isPaced, onBytes, signal });
      }, signal),

    async tags(signal) {
      const tags: string[] = [];
      let target: string | undefined = `/v2/${name}/tags/list`;
      for (let pages = 0; target !== undefined && pages < MAX_TAG_PAGES; pages++) {
        const answer: IncomingMessage = await ask(target, 'repository', signal);
        for (const tag of tagsIn(await readBody(answer, MAX_TAG_PAGE_BYTES))) tags.push(tag);
        if (tags.length > MAX_TAGS) throw new WarmProblem(`the repository has more than ${MAX_TAGS} tags`);
        const next = nextPage(answer);
        target = next === target ? undefined : next;
      }
      return tags;
    },
  };
}

/** @see OCI distribution-spec, "Listing Tags" */
function tagsIn(body: Uint8Array): string[] {
  const { tags } = (JSON.parse(Buffer.from(body).toString('utf8')) ?? {}) as { tags?: unknown };
  return Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [];
}

/** The worker has made the upstream's link one below its own path. */
function nextPage({ headers }: IncomingMessage): string | undefined {
  return /^<(\/[^>]*)>\s*;\s*rel="next"/.exec(String(headers.link))?.[1];
}
