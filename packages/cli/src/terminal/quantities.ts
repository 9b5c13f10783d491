const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `12.0 MiB`; bytes below a KiB as they are. */
export function formatBytes(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const unit = UNITS[power] ?? 'B';
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${unit}`;
}

/** `0 s`, `0.8 ms`, `42 ms`, `1.3 s`, `1 min`, `1.5 h` */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0 s';
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${atMostOneDecimal(ms / 1000)} s`;
  return ms < 3_600_000 ? `${atMostOneDecimal(ms / 60_000)} min` : `${atMostOneDecimal(ms / 3_600_000)} h`;
}

/** `1 blob`, `2 blobs` */
export function formatCount(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

function atMostOneDecimal(value: number): string {
  return String(Math.round(value * 10) / 10);
}
