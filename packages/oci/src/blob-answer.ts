import { parseRange, type ByteRange } from './byte-ranges.ts';

/** Which answer a request for a blob gets. */
export type BlobAnswer =
  | { readonly kind: 'not-modified' }
  | { readonly kind: 'unsatisfiable'; readonly sizeBytes: number }
  | { readonly kind: 'whole' }
  | { readonly kind: 'range'; readonly range: ByteRange; readonly sizeBytes: number }
  | { readonly kind: 'ranges'; readonly ranges: readonly ByteRange[]; readonly sizeBytes: number };

/** What of a request's headers decides. */
export interface BlobRequestHeaders {
  readonly range?: string | undefined;
  readonly 'if-range'?: string | undefined;
  readonly 'if-none-match'?: string | undefined;
}

export interface BlobRepresentation {
  /** Strong, with its quotes; nothing matches where there is none. */
  readonly etag: string | undefined;
  /** Undefined where the upstream has not said it: there are no ranges of such a blob. */
  readonly sizeBytes: number | undefined;
}

/**
 * Evaluates the conditions in the order that the RFC gives them. A blob never changes, so there is no date to compare with:
 * an `If-Range` with a date does not match.
 *
 * @see RFC 9110, "Precedence of Preconditions"
 */
export function decideBlobAnswer(
  method: 'GET' | 'HEAD',
  headers: BlobRequestHeaders,
  { etag, sizeBytes }: BlobRepresentation,
): BlobAnswer {
  const { range, 'if-range': ifRange, 'if-none-match': ifNoneMatch } = headers;
  if (ifNoneMatch !== undefined && matchesAny(ifNoneMatch, etag)) return { kind: 'not-modified' };
  // Ranges are defined for GET alone.
  if (range === undefined || method === 'HEAD' || sizeBytes === undefined) return { kind: 'whole' };
  if (ifRange !== undefined && ifRange !== etag) return { kind: 'whole' };
  const requested = parseRange(range, sizeBytes);
  if (requested.kind === 'whole') return requested;
  if (requested.kind === 'unsatisfiable') return { kind: 'unsatisfiable', sizeBytes };
  const { ranges } = requested;
  return ranges.length === 1
    ? { kind: 'range', range: ranges[0], sizeBytes }
    : { kind: 'ranges', ranges, sizeBytes };
}

/** `If-None-Match` compares weakly: `W/"x"` matches `"x"`. */
function matchesAny(ifNoneMatch: string, etag: string | undefined): boolean {
  if (ifNoneMatch.trim() === '*') return true;
  return [...ifNoneMatch.matchAll(/(?:W\/)?("[^"]*")/g)].some(([, tag]) => tag === etag);
}
