import { digestOf } from '@registry-cache/oci';
import { createTally } from '@registry-cache/runtime';
import { ACCESS_EVENTS_MEDIA_TYPE, type EvictEvent } from '@registry-cache/store';
import { expect, test } from 'vitest';
import { startEventTaker } from '../../runtime/test/support/event-taker.ts';
import { createCleanerFigures } from '../src/cleaner-figures.ts';
import { createRemovals } from '../src/removals.ts';
import { createLogLines } from './support/log-lines.ts';

const blob = { digest: digestOf(Buffer.from('layer')), sizeBytes: 5 };

test('what goes is told with its size and why it went, and is counted', async () => {
  const taker = await startEventTaker<EvictEvent>();
  const tally = createTally();
  const removals = createRemovals({
    figures: createCleanerFigures(tally, Date.now),
    eventsSocketPath: taker.socketPath,
    log: createLogLines().log,
  });

  removals.onEvicted(blob);
  removals.onExpired(blob);
  await removals.close();

  const target = { mediaType: 'application/octet-stream', size: 5, digest: blob.digest };
  expect(taker.taken).toMatchObject([
    { action: 'evict', target, cache: { why: 'space' } },
    { action: 'evict', target, cache: { why: 'age' } },
  ]);
  expect([...taker.mediaTypes]).toEqual([ACCESS_EVENTS_MEDIA_TYPE]);
  expect(tally.take().map(({ series, by }) => [series, by])).toEqual([
    ['evicted_blobs_total', 1],
    ['evicted_bytes_total', 5],
    ['expired_blobs_total', 1],
    ['expired_bytes_total', 5],
  ]);
});
