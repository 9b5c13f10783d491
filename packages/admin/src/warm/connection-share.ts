import type { AdminUpstream } from '@registry-cache/config';

type Connections = Pick<AdminUpstream, 'maxConnections'>;

// Clients go first: the worker gives three quarters of the connections to blobs, and within a limit one of ours may take hours.
const SHARE_OF_WARMING = 1 / 4;
const MAX_BLOBS_AT_ONCE = 8;

/** How many blobs of one upstream may be on their way, whatever they are for. */
export function blobsAtOnce({ maxConnections }: Connections): number {
  return Math.min(Math.max(1, Math.floor(maxConnections * SHARE_OF_WARMING)), MAX_BLOBS_AT_ONCE);
}

/**
 * Whether a blob may hold a connection for as long as it is read. Of two connections blobs have one, which clients would wait for: there a
 * blob comes as fast as it can, and what follows it later.
 */
export function mayHoldConnection({ maxConnections }: Connections): boolean {
  return maxConnections > 2;
}
