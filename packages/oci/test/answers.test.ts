import { expect, test } from 'vitest';
import { findCacheOutcome, formatCacheStatus, type CacheOutcome } from '../src/cache-status.ts';
import { errorAnswer, RegistryError } from '../src/registry-error.ts';

test('an error is answered in the form of the specification', () => {
  const error = new RegistryError('TOOMANYREQUESTS', 'quay.io: slow down', {
    retryAfterSeconds: 30,
    detail: { upstream: 'quay.io' },
  });
  const { status, headers, body } = errorAnswer(error);
  expect(status).toBe(429);
  expect(headers['retry-after']).toBe('30');
  expect(headers['content-length']).toBe(String(Buffer.byteLength(body)));
  expect(JSON.parse(body)).toEqual({
    errors: [{ code: 'TOOMANYREQUESTS', message: 'quay.io: slow down', detail: { upstream: 'quay.io' } }],
  });
});

test('every outcome can be read back from its Cache-Status', () => {
  const outcomes: CacheOutcome[] = ['hit', 'revalidated', 'miss', 'collapsed', 'stale', 'forwarded'];
  expect(outcomes.map((outcome) => findCacheOutcome(formatCacheStatus(outcome)))).toEqual(outcomes);
  expect(formatCacheStatus('hit')).toBe('registry-cache; hit');
  expect(formatCacheStatus('miss')).toBe('registry-cache; fwd=miss; stored');
  expect(formatCacheStatus('collapsed')).toBe('registry-cache; fwd=miss; collapsed');
  expect(findCacheOutcome('other; hit')).toBeUndefined();
});
