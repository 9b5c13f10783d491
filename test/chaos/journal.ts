/** What was done, since when and until when: the only excuses for a failure. */
export interface Journal {
  readonly entries: readonly JournalEntry[];
  /** @returns a function that says that it is over */
  open(entry: Pick<JournalEntry, 'what' | 'harms' | 'graceMs'>): () => void;
  /** What may have made a request fail. */
  findExcuse(request: FailedRequest): JournalEntry | undefined;
  /** Something that may make an upstream's bytes others than they should be, while they cannot be verified yet. */
  findLie(request: FailedRequest): JournalEntry | undefined;
}

export interface JournalEntry {
  readonly what: string;
  readonly harms: Harm;
  /** How long after its end it may still be felt. */
  readonly graceMs: number;
  readonly startedAt: number;
  /** Undefined while it lasts. */
  readonly endedAt: number | undefined;
}

/** What fails for a good reason. */
export type Harm =
  | { readonly kind: 'nothing' }
  /** What the cache does not hold, of one upstream; where it cannot ask who may have it, what it holds too. */
  | {
      readonly kind: 'upstream';
      readonly name: string;
      readonly lies: boolean;
      readonly evenHeld: boolean;
    }
  /** Everything, but for answers that had begun where `sparesAnswers`. */
  | { readonly kind: 'cache'; readonly sparesAnswers: boolean };

export interface FailedRequest {
  /** Undefined for what no upstream has to do with. */
  readonly upstream: string | undefined;
  readonly startedAt: number;
  /** When its answer began, where it did. */
  readonly answeredAt: number | undefined;
  readonly endedAt: number;
  /** The cache had all of it on disk, from before the request until after its failure. */
  readonly held: boolean;
}

export function createJournal(): Journal {
  const entries: { -readonly [Key in keyof JournalEntry]: JournalEntry[Key] }[] = [];
  return {
    entries,
    open(entry) {
      const opened = { ...entry, startedAt: performance.now(), endedAt: undefined as number | undefined };
      entries.push(opened);
      return () => void (opened.endedAt ??= performance.now());
    },
    findExcuse: (request) => entries.find((entry) => overlaps(entry, request) && isHarmed(entry, request)),
    findLie: (request) =>
      entries.find(
        (entry) =>
          entry.harms.kind === 'upstream' &&
          entry.harms.lies &&
          entry.harms.name === request.upstream &&
          overlaps(entry, request),
      ),
  };
}

function overlaps({ startedAt, endedAt, graceMs }: JournalEntry, request: FailedRequest): boolean {
  return startedAt <= request.endedAt && (endedAt ?? Infinity) + graceMs >= request.startedAt;
}

function isHarmed({ harms, startedAt }: JournalEntry, request: FailedRequest): boolean {
  switch (harms.kind) {
    case 'nothing':
      return false;
    case 'upstream':
      return harms.name === request.upstream && (harms.evenHeld || !request.held);
    case 'cache':
      return !(harms.sparesAnswers && request.answeredAt !== undefined && request.answeredAt < startedAt);
  }
}
