import type { HistoryPoint } from '@registry-cache/control';

/** `[1790000000,12,3,4567,890,3677,123456]`; the last is null where it is not known. */
export function formatPoint(point: HistoryPoint): string {
  const { at, hits, misses, clientBytes, upstreamBytes, savedBytes, usedBytes = null } = point;
  return JSON.stringify([at, hits, misses, clientBytes, upstreamBytes, savedBytes, usedBytes]);
}

/** Lines that are no point are passed over: a disk that was full may have left half of one. */
export function parsePoints(lines: readonly string[]): readonly HistoryPoint[] {
  return lines.map(findPoint).filter((point) => point !== undefined);
}

function findPoint(line: string): HistoryPoint | undefined {
  const values = parseArray(line);
  const [at, hits, misses, clientBytes, upstreamBytes, savedBytes, usedBytes] = values;
  if (
    !isCount(at) ||
    !isCount(hits) ||
    !isCount(misses) ||
    !isCount(clientBytes) ||
    !isCount(upstreamBytes) ||
    !isCount(savedBytes)
  ) {
    return undefined;
  }
  const counted = { at, hits, misses, clientBytes, upstreamBytes, savedBytes };
  return isCount(usedBytes) ? { ...counted, usedBytes } : counted;
}

function parseArray(line: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(line);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0;
}
