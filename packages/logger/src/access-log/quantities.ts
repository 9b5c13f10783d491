const SIZE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `0B`, `512B`, `1.2MiB`: without a space, so that it stays one column. */
export function formatSize(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(SIZE_UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)}${SIZE_UNITS[power] ?? 'B'}`;
}

/** `3ms`, `1.2s`, `2m05s` */
export function formatTime(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (ms < 1000) return `${Math.round(ms)}ms`;
  if (seconds < 60) return `${(ms / 1000).toFixed(1)}s`;
  return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, '0')}s`;
}
