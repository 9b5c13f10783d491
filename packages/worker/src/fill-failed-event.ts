import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { FillFailedEvent } from '@registry-cache/store';
import type { FailedFill } from './pull-through.ts';

// It may quote what an upstream has answered.
const MAX_REASON = 512;

/** What endpoints of notifications are told of a blob that could not be fetched. */
export function fillFailedEvent({ repository, digest, reason }: FailedFill): FillFailedEvent {
  return {
    id: randomUUID(),
    timestamp: new Date().toISOString(),
    action: 'fill-failed',
    target: {
      mediaType: 'application/octet-stream',
      digest,
      repository: `${repository.upstream}/${repository.name}`,
    },
    actor: {},
    source: { addr: hostname() },
    cache: { reason: reason.slice(0, MAX_REASON) },
  };
}
