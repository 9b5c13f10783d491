import { formatCount } from './quantities.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** From how many ms on a unit is used: two of it, so that nothing is rounded by more than a half. */
const UNITS: readonly { readonly noun: string; readonly ms: number; readonly fromMs: number }[] = [
  { noun: 'year', ms: 365 * DAY, fromMs: 2 * 365 * DAY },
  { noun: 'month', ms: 30 * DAY, fromMs: 60 * DAY },
  { noun: 'week', ms: 7 * DAY, fromMs: 14 * DAY },
  { noun: 'day', ms: DAY, fromMs: 2 * DAY },
  { noun: 'hour', ms: HOUR, fromMs: 2 * HOUR },
  { noun: 'minute', ms: MINUTE, fromMs: MINUTE },
  { noun: 'second', ms: SECOND, fromMs: SECOND },
];

/** `12 seconds`, `1 minute`, `90 minutes`, `2 hours`, `3 weeks`; undefined below a second. */
export function findSpan(ms: number): string | undefined {
  const unit = UNITS.find(({ fromMs }) => ms >= fromMs);
  return unit && formatCount(Math.floor(ms / unit.ms), unit.noun);
}

/** `2 hours ago`, `now`. A clock that was set may lead to times ahead, which are `now` too. */
export function formatAgo(atMs: number, nowMs: number = Date.now()): string {
  const span = findSpan(nowMs - atMs);
  return span === undefined ? 'now' : `${span} ago`;
}

/** `in 2 hours`, `now` */
export function formatAhead(atMs: number, nowMs: number = Date.now()): string {
  const span = findSpan(atMs - nowMs);
  return span === undefined ? 'now' : `in ${span}`;
}
