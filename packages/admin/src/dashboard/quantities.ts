const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
const UNIT_FACTOR = 1024;

/** `1.4 GiB` */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  // What rounds to 1024 is 1 of the next.
  while (Math.round(value) >= UNIT_FACTOR && unit < UNITS.length - 1) {
    value /= UNIT_FACTOR;
    unit += 1;
  }
  const digits = unit > 0 && value < 10 ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[unit] ?? ''}`;
}

const COUNT = new Intl.NumberFormat('en-US');

/** `12,840` */
export function formatCount(count: number): string {
  return COUNT.format(count);
}

/** `1 request`, `12,840 requests` */
export function formatCounted(count: number, singular: string, plural: string = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : plural}`;
}

/** `94.2 %`; a dash where nothing was counted. Only what is all or nothing is 100 % or 0 %. */
export function formatRatio(ratio: number | undefined): string {
  if (ratio === undefined) return '–';
  if (ratio === 0 || ratio === 1) return `${ratio * 100} %`;
  return `${Math.min(99.9, Math.max(0.1, ratio * 100)).toFixed(1)} %`;
}

const SECOND_MS = 1000;
const DURATIONS = [
  { name: 'd', ms: 86_400 * SECOND_MS },
  { name: 'h', ms: 3600 * SECOND_MS },
  { name: 'min', ms: 60 * SECOND_MS },
  { name: 's', ms: SECOND_MS },
] as const;

/** `12 d`, `3 h`, `40 s`: the largest unit that it has two of, or one of the smallest. */
export function formatDuration(durationMs: number): string {
  const unit = DURATIONS.find(({ ms }) => durationMs >= 2 * ms);
  if (unit === undefined) return '1 s';
  return `${Math.floor(durationMs / unit.ms)} ${unit.name}`;
}

/** `3 h ago`, `in 40 s`, `just now` */
export function formatAge(atMs: number, nowMs: number): string {
  const ageMs = nowMs - atMs;
  if (Math.abs(ageMs) < 2 * SECOND_MS) return 'just now';
  return ageMs > 0 ? `${formatDuration(ageMs)} ago` : `in ${formatDuration(-ageMs)}`;
}

/** `2026-11-21 20:15 UTC` */
export function formatMoment(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** As much of a digest as people compare: `sha256:0123456789ab`. */
export function shortenDigest(digest: string): string {
  const [algorithm = '', hex = ''] = digest.split(':');
  return `${algorithm}:${hex.slice(0, 12)}`;
}
