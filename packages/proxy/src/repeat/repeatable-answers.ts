import { LRUCache } from 'lru-cache';
import type { RepeatableAnswer } from './repeatable-answer.ts';

/** Answers by the head of the request that they answer, as it came over the wire. */
export interface RepeatableAnswers {
  find(head: string, nowMs: number): RepeatableAnswer | undefined;
  remember(head: string, answer: RepeatableAnswer, nowMs: number): void;
}

const MAX_BYTES = 16 * 1024 * 1024;

/** Those that were asked for last, up to so many bytes; an idle cache holds none. */
export function createRepeatableAnswers(maxBytes: number = MAX_BYTES): RepeatableAnswers {
  const answers = new LRUCache<string, RepeatableAnswer>({
    maxSize: maxBytes,
    sizeCalculation: ({ sizeBytes }, head) => sizeBytes + head.length,
    ttlAutopurge: true,
  });
  return {
    find: (head, nowMs) => {
      const answer = answers.get(head);
      return answer !== undefined && nowMs < answer.expiresAtMs ? answer : undefined;
    },
    remember: (head, answer, nowMs) => {
      const ttl = answer.expiresAtMs - nowMs;
      if (ttl > 0) answers.set(head, answer, { ttl });
    },
  };
}
