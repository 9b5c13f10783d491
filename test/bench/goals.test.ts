import { describe, expect, test } from 'vitest';
import { atLeastTimes, atMostTimes, isMet, REGISTRY_PEERS, type PeerRow } from './goals.ts';

const rows: readonly PeerRow[] = [
  { label: 'ours', peer: 'registry-cache', samples: [90, 100, 120] },
  { label: 'seed', peer: 'seed', samples: [10] },
  { label: 'distribution', peer: 'distribution', samples: [20, 30, 25] },
  { label: 'nginx', peer: 'nginx', samples: [200] },
];

describe('a goal for figures of which more is better', () => {
  test('compares medians with the best of the others', () => {
    expect(atLeastTimes(rows, 3, REGISTRY_PEERS, 'them')).toEqual([
      { text: '≥ 3 × them', value: 4, limit: 3, atLeast: true },
    ]);
  });

  test('is none where no other was measured', () => {
    expect(atLeastTimes(rows, 3, ['zot'], 'zot')).toEqual([]);
  });
});

describe('a goal for figures of which less is better', () => {
  test('compares with the least of the others', () => {
    expect(atMostTimes(rows, 1.1, REGISTRY_PEERS, 'them')).toEqual([
      { text: '≤ 1.1 × them', value: 10, limit: 1.1, atLeast: false },
    ]);
  });

  test('passes over those that could not do it', () => {
    const [goal] = atMostTimes(
      [...rows, { label: 'zot', peer: 'zot', samples: [] }],
      1,
      ['zot', 'nginx'],
      'them',
    );
    expect(goal?.value).toBe(0.5);
  });
});

test.each([
  { value: 2, limit: 2, atLeast: true, met: true },
  { value: 1.9, limit: 2, atLeast: true, met: false },
  { value: 2, limit: 2, atLeast: false, met: true },
  { value: 2.1, limit: 2, atLeast: false, met: false },
  { value: Number.NaN, limit: 2, atLeast: true, met: false },
  { value: Number.NaN, limit: 2, atLeast: false, met: false },
])('$value against $limit, at least: $atLeast, is met: $met', ({ met, ...goal }) => {
  expect(isMet({ text: '', ...goal })).toBe(met);
});
