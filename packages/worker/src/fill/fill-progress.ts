/** How far a fill has come, for those who follow it. */
export type FillState =
  | { readonly kind: 'filling' }
  /** Every byte is there and is what the digest says. */
  | { readonly kind: 'verified' }
  | { readonly kind: 'failed'; readonly error: unknown }
  /** Our disk takes no more: what is there is right, and each reader fetches the rest by itself. */
  | { readonly kind: 'unstored' };

export interface FillProgress {
  readonly state: FillState;
  /** Resolves at the next change: more bytes, or another state. Await nothing between looking at what is there and asking for it. */
  nextChange(): Promise<void>;
}

/** The side of the one who fills. */
export interface FillProgressSource extends FillProgress {
  moved(): void;
  become(state: FillState): void;
}

export function createFillProgress(): FillProgressSource {
  let state: FillState = { kind: 'filling' };
  let waiting: (() => void)[] = [];

  const moved = (): void => {
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  };

  return {
    get state() {
      return state;
    },
    nextChange: () => new Promise((resolve) => waiting.push(resolve)),
    moved,
    become(next) {
      state = next;
      moved();
    },
  };
}
