const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

/** `3 hours`, `1 minute`; the largest unit of which there are two, so that it is never far off. */
export function describeDuration(ms: number): string {
  const [unit, length] =
    UNITS.find(([, each]) => ms >= 2 * each) ??
    UNITS.findLast(([, each]) => ms >= each) ??
    (['second', 1_000] as const);
  return new Intl.NumberFormat('en', {
    style: 'unit',
    unit,
    unitDisplay: 'long',
    maximumFractionDigits: ms < 1_000 ? 1 : 0,
  }).format(ms / length);
}

/** `45 %` */
export function percentOf(part: number, whole: number): string {
  return whole === 0 ? '100 %' : `${Math.floor((100 * part) / whole)} %`;
}
