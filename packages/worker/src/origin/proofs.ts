import { LRUCache } from 'lru-cache';

/** Remembers for a while what the upstream has allowed, so that a pull of fifty requests costs one question. */
export interface Proofs {
  /** Whether it was said within the time that counts. */
  holds(subject: string): boolean;
  /**
   * Runs `ask`, which rejects where the upstream does not allow it; what it allowed counts from when it was asked. Whoever
   * comes with the same question meanwhile waits for the same answer.
   */
  obtain(subject: string, question: string, ask: () => Promise<void>): Promise<void>;
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

export function createProofs({ ttlMs, now }: ProofsOptions): Proofs {
  const provedAtMs = new LRUCache<string, number>({ max: MAX_PROOFS });
  let asking = new Map<string, Promise<void>>();

  async function prove(subject: string, ask: () => Promise<void>): Promise<void> {
    const askedAtMs = now();
    const round = asking;
    await ask();
    // What was asked before `forget` was asked of another upstream, or in another way.
    if (round === asking) provedAtMs.set(subject, askedAtMs);
  }

  return {
    holds(subject) {
      const askedAtMs = provedAtMs.get(subject);
      return askedAtMs !== undefined && now() - askedAtMs < ttlMs();
    },
    obtain(subject, question, ask) {
      // Where every request is to be asked for, none may count on an answer to a question from before it.
      if (ttlMs() === 0) return ask();
      const key = `${subject} ${question}`;
      const joined = asking.get(key);
      if (joined !== undefined) return joined;
      const round = asking;
      const started = prove(subject, ask).finally(() => round.delete(key));
      round.set(key, started);
      return started;
    },
    drop: (subject) => void provedAtMs.delete(subject),
    forget() {
      provedAtMs.clear();
      asking = new Map();
    },
  };
}
