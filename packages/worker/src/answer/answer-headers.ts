import { formatCacheStatus } from '@registry-cache/oci';
import type { Answer } from './answer.ts';

const BLOB_MEDIA_TYPE = 'application/octet-stream';

/** The headers that GET and HEAD have in common, without those that depend on a range. */
export function answerHeaders(answer: Answer): Record<string, string> {
  const cacheHeaders = {
    'cache-status': formatCacheStatus(answer.outcome),
    ...repeatHeader(answer),
    ...upstreamTime(answer),
  };
  if (answer.kind === 'document') return { ...answer.headers, ...cacheHeaders };
  return {
    'content-type': BLOB_MEDIA_TYPE,
    'docker-content-digest': answer.digest,
    etag: `"${answer.digest}"`,
    'cache-control': 'max-age=31536000, immutable',
    'accept-ranges': 'bytes',
    ...cacheHeaders,
  };
}

/** For the proxy's access event. */
function upstreamTime({ upstreamMs }: Answer): Record<string, string> {
  return upstreamMs === undefined ? {} : { 'x-registry-cache-upstream-ms': String(Math.round(upstreamMs)) };
}

/** @see nginx `ngx_http_proxy_module`, whose header this is */
function repeatHeader(answer: Answer): Record<string, string> {
  const seconds = 'repeatForSeconds' in answer ? (answer.repeatForSeconds ?? 0) : 0;
  return seconds < 1 ? {} : { 'x-accel-expires': String(seconds) };
}
