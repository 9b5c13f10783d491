/**
 * `GET /api/v1/history?range=day`: `day` in minutes, `month` in hours, `year` in steps of six hours. Steps in which nobody counted,
 * since the cache did not run, are not there.
 */
export interface History {
  readonly stepSeconds: number;
  readonly points: readonly HistoryPoint[];
}

/** What was counted in one step. */
export interface HistoryPoint {
  /** When the step began, in seconds since the epoch. */
  readonly at: number;
  readonly hits: number;
  readonly misses: number;
  readonly clientBytes: number;
  readonly upstreamBytes: number;
  readonly savedBytes: number;
  /** At its end; undefined where it was not known. */
  readonly usedBytes?: number;
}
