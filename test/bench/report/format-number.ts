const SIGNIFICANT_DIGITS = 3;

/** Three digits that count, and all of those before the point, in groups. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const magnitude = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  const digits = Math.max(0, SIGNIFICANT_DIGITS - 1 - magnitude);
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
}
