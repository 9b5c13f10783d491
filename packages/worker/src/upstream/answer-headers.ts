import { findDigest } from '@registry-cache/oci';
import type { HttpAnswer } from './http-client.ts';
import type { UpstreamBlob, UpstreamHead } from './upstream-registry.ts';

/** The one value of a header; undefined where it is missing, or repeated and so says nothing. */
export function findHeader({ headers }: HttpAnswer, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** What headers say about a manifest's or blob's bytes. */
export function describeContent(answer: HttpAnswer): UpstreamHead {
  const digest = findDigest(findHeader(answer, 'docker-content-digest') ?? '');
  return { ...(digest === undefined ? {} : { digest }), ...findSize(answer) };
}

export function findSize(answer: HttpAnswer): Pick<UpstreamHead, 'sizeBytes'> {
  const length = findHeader(answer, 'content-length') ?? '';
  const sizeBytes = /^\d+$/.test(length) ? Number(length) : Number.NaN;
  return Number.isSafeInteger(sizeBytes) ? { sizeBytes } : {};
}

/** Weak validators are left out: bytes that only mean the same cannot be appended to each other. */
export function findStrongEtag(answer: HttpAnswer): Pick<UpstreamBlob, 'etag'> {
  const etag = findHeader(answer, 'etag');
  return etag !== undefined && /^"[^"]*"$/.test(etag) ? { etag } : {};
}
