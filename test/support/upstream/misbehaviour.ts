import type { Answer, ServerRequest } from './answer.ts';
import type { Behaviour } from './behaviours.ts';
import { matches, type RequestMatch } from './recorded-request.ts';

export interface MisbehaviourMatch extends RequestMatch {
  /** For so many requests, and then no more. */
  readonly times?: number;
}

/** What a server was told to do wrong. */
export interface Misbehaviour {
  /** @returns a function that ends it */
  add(match: MisbehaviourMatch, behaviours: readonly Behaviour[]): () => void;
  apply(answer: Answer, request: ServerRequest): Promise<Answer>;
}

export function createMisbehaviour(): Misbehaviour {
  const rules = new Set<Rule>();
  return {
    add(match, behaviours) {
      const rule = { match, behaviours, left: match.times ?? Infinity };
      rules.add(rule);
      return () => rules.delete(rule);
    },

    async apply(answer, request) {
      const matching = [...rules].filter((rule) => rule.left > 0 && matches(request, rule.match));
      for (const rule of matching) rule.left -= 1;
      let changed = answer;
      for (const behave of matching.flatMap(({ behaviours }) => behaviours)) {
        changed = await behave(changed, request);
      }
      return changed;
    },
  };
}

interface Rule {
  readonly match: MisbehaviourMatch;
  readonly behaviours: readonly Behaviour[];
  left: number;
}
