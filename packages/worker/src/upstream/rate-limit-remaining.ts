import type { RateLimitStatus } from '@registry-cache/control';
import type { HttpHead } from './http-client.ts';

/**
 * What an answer says of how many more pulls are allowed: `ratelimit-remaining: 76;w=21600`.
 *
 * @see Docker Hub, "Pull rate limit"; draft-polli-ratelimit-headers-03
 */
export function findRateLimit(headers: HttpHead['headers'], nowMs: number): RateLimitStatus | undefined {
  const value = headers['ratelimit-remaining'];
  const [, remaining, window] = /^\s*(\d{1,12})\s*(?:;\s*w=(\d{1,9})\s*)?$/.exec(String(value)) ?? [];
  if (remaining === undefined) return undefined;
  return {
    remaining: Number(remaining),
    ...(window === undefined ? {} : { windowSeconds: Number(window) }),
    saidAtMs: nowMs,
  };
}
