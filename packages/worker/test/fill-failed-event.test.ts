import { digestOf, findUpstreamName, parseRepositoryName } from '@registry-cache/oci';
import { expect, test } from 'vitest';
import { fillFailedEvent } from '../src/fill-failed-event.ts';

const digest = digestOf(Buffer.from('layer'));
const upstream = findUpstreamName('quay.io');
if (upstream === undefined) throw new Error('expected the name of an upstream');
const repository = { upstream, name: parseRepositoryName('org/image') };

test('a failed fill is told with its repository, its digest and the reason', () => {
  expect(fillFailedEvent({ repository, digest, bytes: 7, reason: 'connection reset' })).toMatchObject({
    action: 'fill-failed',
    target: { repository: 'quay.io/org/image', digest },
    cache: { reason: 'connection reset' },
  });
});

test('a reason that quotes a long answer is cut', () => {
  const { cache } = fillFailedEvent({ repository, digest, bytes: 7, reason: 'x'.repeat(10_000) });
  expect(cache.reason).toHaveLength(512);
});
