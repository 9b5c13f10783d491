import parseRanges from 'range-parser';

/** Positions of the first and the last byte. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** What a `Range` means for a body of a given size. */
export type RangeRequest =
  | { readonly kind: 'whole' }
  | { readonly kind: 'ranges'; readonly ranges: readonly [ByteRange, ...ByteRange[]] }
  | { readonly kind: 'unsatisfiable' };

const MAX_RANGES = 256;

/**
 * A header that makes no sense, another unit, and a request for more than the whole (many or overlapping ranges) get the
 * whole, which every client must accept.
 *
 * @see RFC 9110, "Range Requests"
 */
export function parseRange(header: string, sizeBytes: number): RangeRequest {
  const [, specifiers] = /^bytes *=(.*)$/i.exec(header) ?? [];
  if (specifiers === undefined || specifiers.split(',').length > MAX_RANGES) return { kind: 'whole' };
  const parsed = parseRanges(sizeBytes, `bytes=${clampSuffixes(specifiers, sizeBytes)}`);
  if (parsed === -2) return { kind: 'whole' };
  if (parsed === -1) return { kind: 'unsatisfiable' };
  const [first, ...others] = parsed.map(({ start, end }) => ({ start, end }));
  if (first === undefined) return { kind: 'unsatisfiable' };
  const requestedBytes = [first, ...others].reduce((sum, { start, end }) => sum + end - start + 1, 0);
  if (requestedBytes > sizeBytes) return { kind: 'whole' };
  return { kind: 'ranges', ranges: [first, ...others] };
}

/** The parser takes a suffix that is longer than the body for unsatisfiable; it means the whole body. */
function clampSuffixes(specifiers: string, sizeBytes: number): string {
  return specifiers.replace(/(^|,)(\s*-)(\d+)/g, (_all, comma: string, dash: string, length: string) => {
    return `${comma}${dash}${Math.min(Number(length), sizeBytes)}`;
  });
}

/** @see RFC 9110, "Content-Range" */
export function contentRange({ start, end }: ByteRange, sizeBytes: number): string {
  return `bytes ${start}-${end}/${sizeBytes}`;
}
