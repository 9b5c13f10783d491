import { expect, test } from 'vitest';
import { blobsAtOnce, mayHoldConnection } from '../../src/warm/connection-share.ts';

test.each([
  [2, 1],
  [3, 1],
  [8, 2],
  [10, 2],
  [64, 8],
  [1024, 8],
])(
  'of %i connections, warming has %i, which is less than blobs may use, or given back soon',
  (maxConnections, expected) => {
    expect(blobsAtOnce({ maxConnections })).toBe(expected);
    const ofBlobs = Math.floor((maxConnections * 3) / 4);
    expect(mayHoldConnection({ maxConnections })).toBe(expected < ofBlobs);
  },
);
