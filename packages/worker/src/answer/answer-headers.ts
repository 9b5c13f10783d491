import { formatCacheStatus } from '@registry-cache/oci';
import type { Answer } from './answer.ts';

const BLOB_MEDIA_TYPE = 'application/octet-stream';

/** The headers that GET and HEAD have in common, without those that depend on a range. */
export function answerHeaders(answer: Answer): Record<string, string> {
  const cacheStatus = { 'cache-status': formatCacheStatus(answer.outcome) };
  if (answer.kind === 'document') return { ...answer.headers, ...cacheStatus };
  return {
    'content-type': BLOB_MEDIA_TYPE,
    'docker-content-digest': answer.digest,
    etag: `"${answer.digest}"`,
    'cache-control': 'max-age=31536000, immutable',
    'accept-ranges': 'bytes',
    ...cacheStatus,
  };
}
