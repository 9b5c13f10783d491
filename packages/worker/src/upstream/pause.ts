/** An upstream is left alone for a while. */
export interface Pause {
  /** What it was that it answered, or why it did not. */
  readonly problem: string;
  /** On the clock of whoever leaves it alone. */
  readonly askAgainAtMs: number;
}
