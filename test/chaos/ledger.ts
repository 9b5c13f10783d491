import type { FailedRequest, Journal } from './journal.ts';

/** What became of every request, judged as it ends. */
export interface Ledger {
  /** It did what it should; `detail` is what came, such as `hit`. */
  passed(request: string, detail: string): void;
  /** It brought less than was asked for, and nothing that is wrong. */
  failed(request: string, problem: string, facts: FailedRequest): void;
  /** It brought something wrong that its client had no means to notice, or should never see. */
  wrong(request: string, problem: string): void;
  /** It brought a part of a blob that is wrong, which nobody can tell before the whole is verified. */
  wrongPart(request: string, problem: string, facts: FailedRequest): void;
  readonly findings: readonly Finding[];
  /** By request and outcome. */
  readonly counts: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** How many failures each thing that was done excused. */
  readonly excuses: ReadonlyMap<string, number>;
}

export interface Finding {
  readonly kind: 'wrong bytes' | 'unjustified failure';
  /** Seconds since the run began. */
  readonly atSeconds: number;
  readonly request: string;
  readonly problem: string;
}

export function createLedger(journal: Journal): Ledger {
  const beganAt = performance.now();
  const findings: Finding[] = [];
  const counts = new Map<string, Map<string, number>>();
  const excuses = new Map<string, number>();

  const count = (request: string, outcome: string): void => {
    // `GET blob sha256:…` is of the kind `GET blob`.
    const kind = request.split(' ', 2).join(' ');
    const outcomes = counts.get(kind) ?? new Map<string, number>();
    counts.set(kind, outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1));
  };
  const find = (kind: Finding['kind'], request: string, problem: string): void => {
    count(request, kind);
    const atSeconds = Math.round((performance.now() - beganAt) / 100) / 10;
    findings.push({ kind, atSeconds, request, problem });
    // At once, for whoever watches and for a run that does not come to its end.
    process.stderr.write(`${atSeconds} s, ${kind}: ${request}: ${problem}\n`);
  };
  return {
    findings,
    counts,
    excuses,
    passed: count,
    failed(request, problem, facts) {
      const excuse = journal.findExcuse(facts)?.what;
      if (excuse !== undefined) {
        excuses.set(excuse, (excuses.get(excuse) ?? 0) + 1);
        return count(request, 'excused');
      }
      const took = Math.round(facts.endedAt - facts.startedAt);
      find('unjustified failure', request, `${problem} (${took} ms${facts.held ? ', was on disk' : ''})`);
    },
    wrong: (request, problem) => find('wrong bytes', request, problem),
    wrongPart(request, problem, facts) {
      if (journal.findLie(facts) === undefined) find('wrong bytes', request, problem);
      else count(request, 'unverified');
    },
  };
}
