/** How every sweep is told what it may remove. */
export interface SweepOptions {
  /** What was written to after this time, in ms since the epoch, belongs to somebody who is at work, and stays. */
  readonly unchangedSinceMs: number;
  /** Counts what would be removed, and removes nothing. */
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}
