import { findDigest, MANIFEST_MEDIA_TYPES } from '@registry-cache/oci';
import * as v from 'valibot';
import { parseEvent, type UnknownEvent } from './parse-envelope.ts';
import type { Pull } from './pull.ts';

// A plain registry may leave a field out or empty.
const text = v.optional(
  v.pipe(
    v.string(),
    v.transform((value) => (value === '' ? undefined : value)),
  ),
);

// Only what a pull cannot be counted without must be there.
const pullEventSchema = v.object({
  id: text,
  timestamp: v.pipe(
    v.string(),
    v.transform((time) => Date.parse(time)),
    v.number('expected an RFC 3339 time'),
  ),
  target: v.object({
    mediaType: v.optional(v.string(), ''),
    digest: v.string(),
    repository: v.string(),
    tag: text,
  }),
  request: v.optional(v.object({ id: text, addr: text, method: text, useragent: text })),
  actor: v.optional(v.object({ name: text })),
  cache: v.optional(
    v.object({
      outcome: v.string(),
      status: v.number(),
      bytesSent: v.number(),
      durationMs: v.number(),
      upstreamMs: v.optional(v.number()),
      aborted: v.boolean(),
      times: v.optional(v.number()),
    }),
  ),
});

/**
 * The pulls among events; evictions, pushes, mounts and deletions are passed over, and so are digests of algorithms that no blob of
 * ours has. A time ahead of `nowMs` is taken for now: a sender whose clock is wrong must not keep an image for ever.
 *
 * @throws {InvalidEventsError}
 * @see distribution, "Notifications"
 */
export function parsePulls(events: readonly UnknownEvent[], nowMs: number): Pull[] {
  return events
    .filter(({ action }) => action === 'pull')
    .map((event) => parseEvent(pullEventSchema, event))
    .flatMap((event) => pullOf(event, nowMs) ?? []);
}

function pullOf(event: v.InferOutput<typeof pullEventSchema>, nowMs: number): Pull | undefined {
  const { timestamp, target, request, actor, cache } = event;
  const digest = findDigest(target.digest);
  if (digest === undefined) return undefined;
  return {
    kind: isManifest(target) ? 'manifest' : 'blob',
    digest,
    repository: target.repository,
    tag: target.tag,
    accessedAtMs: Math.min(timestamp, nowMs),
    method: request?.method,
    client: request?.addr,
    user: actor?.name,
    userAgent: request?.useragent,
    requestId: request?.id ?? event.id,
    answer: cache,
  };
}

/** The media type may be a header's value with parameters; a tag is of a manifest whatever its type. */
function isManifest({
  mediaType,
  tag,
}: {
  readonly mediaType: string;
  readonly tag?: string | undefined;
}): boolean {
  return tag !== undefined || MANIFEST_MEDIA_TYPES.includes(mediaType.split(';', 1)[0]?.trim() ?? '');
}
