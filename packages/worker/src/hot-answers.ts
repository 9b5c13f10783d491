import { formatReference, type RegistryRequest } from '@registry-cache/oci';
import { LRUCache } from 'lru-cache';
import type { Answer } from './answer/answer.ts';

/**
 * Answers for whoever asks for the same in a moment. What is found here was on disk together with its proof a few seconds ago, so
 * that what is evicted or removed meanwhile is noticed soon.
 */
export interface HotAnswers {
  find(target: RegistryRequest): RepeatableAnswer | undefined;
  /**
   * @param lookedAtMs when the disk was looked at, or before; in milliseconds of `now`
   * @returns the answer, with how long it may be given again
   */
  keep(target: RegistryRequest, hit: Hit, lookedAtMs: number): RepeatableAnswer;
  drop(target: RegistryRequest): void;
  /** Also what the disk has said by now and nobody was told yet. */
  forget(): void;
}

/** What was found on disk, with the proof that the repository holds it. */
export interface Hit {
  /** The answer as it is at the time of the call: it may tell its age. */
  readonly answer: () => RepeatableAnswer;
  /** How long it stays true from the time of the call, in milliseconds; `Infinity` for what has a digest for its name. */
  readonly freshForMs: () => number;
}

export type RepeatableAnswer = Extract<Answer, { readonly kind: 'document' | 'stored-blob' }>;

export interface HotAnswersOptions {
  /** Milliseconds of a clock that does not go back. */
  readonly now: () => number;
}

/** How long what the disk said counts, here and at whoever repeats an answer, together. */
const DISK_COUNTS_MS = 10_000;
// For less than a second nobody is told to repeat anything: by then the disk has been looked at again.
const LOOK_AGAIN_MS = DISK_COUNTS_MS - 1000;

// Little beside the memory of manifests, which has most of these bytes anyway.
const MEMORY_BYTES = 4 * 1024 * 1024;
const MAX_ANSWER_BYTES = 256 * 1024;
const OVERHEAD_BYTES = 1024;

interface Entry extends Hit {
  readonly lookedAtMs: number;
}

export function createHotAnswers({ now }: HotAnswersOptions): HotAnswers {
  const entries = new LRUCache<string, Entry>({ maxSize: MEMORY_BYTES, maxEntrySize: MAX_ANSWER_BYTES });

  let forgottenAtMs = -Infinity;

  function repeatable(answer: RepeatableAnswer, { lookedAtMs, freshForMs }: Entry): RepeatableAnswer {
    const leftMs = Math.min(lookedAtMs + DISK_COUNTS_MS - now(), freshForMs());
    return { ...answer, repeatForSeconds: Math.max(0, Math.floor(leftMs / 1000)) };
  }

  return {
    find(target) {
      const entry = entries.get(subjectOf(target));
      if (entry === undefined || now() - entry.lookedAtMs > LOOK_AGAIN_MS || entry.freshForMs() <= 0) {
        return undefined;
      }
      return repeatable(entry.answer(), entry);
    },
    keep(target, hit, lookedAtMs) {
      const entry = { ...hit, lookedAtMs };
      const answer = hit.answer();
      if (lookedAtMs < forgottenAtMs) return { ...answer, repeatForSeconds: 0 };
      const size = OVERHEAD_BYTES + (answer.kind === 'document' ? answer.bytes.byteLength : 0);
      entries.set(subjectOf(target), entry, { size });
      return repeatable(answer, entry);
    },
    drop: (target) => void entries.delete(subjectOf(target)),
    forget() {
      entries.clear();
      forgottenAtMs = now();
    },
  };
}

function subjectOf(target: RegistryRequest): string {
  switch (target.kind) {
    case 'manifest':
      return `manifest ${target.name} ${formatReference(target.reference)}`;
    case 'blob':
    case 'referrers':
      return `${target.kind} ${target.name} ${target.digest}`;
    case 'tags':
      return `tags ${target.name}`;
    case 'base':
      return 'base';
  }
}
