import { digestOf, type Digest } from '@registry-cache/oci';
import { expect, it } from 'vitest';
import { createChainMemory } from '../../src/upstream/chain-memory.ts';

const digestOfNth = (n: number): Digest => digestOf(Buffer.from(`blob ${n}`));

it('the memory of who sent what forgets blobs of long ago rather than grow', () => {
  const memory = createChainMemory({ now: () => 0 });
  for (let n = 0; n <= 10_000; n++) memory.sends(0, digestOfNth(n), '"etag"');
  expect(memory.forgetSenders(digestOfNth(0))).toEqual([]);
  expect(memory.forgetSenders(digestOfNth(1))).toEqual([0]);
  expect(memory.hasSent(0, digestOfNth(10_000), '"etag"')).toBe(true);
});
