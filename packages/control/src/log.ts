import type { LogLine } from '@registry-cache/runtime';

/** `GET /api/v1/log?after=12`: the lines that are still known, which are the last few thousand. */
export interface LogPage {
  readonly lines: readonly LogLine[];
}
