import { LRUCache } from 'lru-cache';

/** Remembers for a while what the upstream has allowed, so that a pull of fifty requests costs one question. */
export interface Proofs {
  /** Whether it was said within the time that counts. */
  holds(subject: string): boolean;
  /**
   * Runs `ask`, which rejects where the upstream does not allow it, and else says the subject of what it allowed; that counts
   * from when it was asked. Whoever comes with the same question while that counts waits for the same answer.
   */
  obtain(question: string, ask: () => Promise<string>): Promise<void>;
  /** The upstream has changed its mind. */
  drop(subject: string): void;
  forget(): void;
}

export interface ProofsOptions {
  readonly ttlMs: () => number;
  /** Milliseconds of a clock that does not go back. */
  readonly now: () => number;
}

// Whoever comes with ever other credentials makes others ask again, and costs no more memory than this.
const MAX_PROOFS = 20_000;

interface Question {
  readonly askedAtMs: number;
  readonly answer: Promise<void>;
}

export function createProofs({ ttlMs, now }: ProofsOptions): Proofs {
  const provedAtMs = new LRUCache<string, number>({ max: MAX_PROOFS });
  let asking = new Map<string, Question>();

  const counts = (askedAtMs: number): boolean => now() - askedAtMs < ttlMs();

  return {
    holds(subject) {
      const askedAtMs = provedAtMs.get(subject);
      return askedAtMs !== undefined && counts(askedAtMs);
    },
    async obtain(question, ask) {
      const joined = asking.get(question);
      if (joined !== undefined && counts(joined.askedAtMs)) return joined.answer;
      const round = asking;
      const askedAtMs = now();
      const prove = async (): Promise<void> => {
        const subject = await ask();
        // What was asked before `forget` was asked of another upstream, or in another way.
        if (round === asking) provedAtMs.set(subject, askedAtMs);
      };
      const answer = prove().finally(() => {
        if (round.get(question) === started) round.delete(question);
      });
      const started = { askedAtMs, answer };
      round.set(question, started);
      return answer;
    },
    drop: (subject) => void provedAtMs.delete(subject),
    forget() {
      provedAtMs.clear();
      asking = new Map();
    },
  };
}
