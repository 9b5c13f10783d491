import { describe, expect, test } from 'vitest';
import type { Table } from '../measure.ts';
import type { BenchResults, MeasureResult } from '../run-bench.ts';
import { renderMarkdown } from './markdown.ts';

const table: Table = {
  title: 'Manifest by tag',
  unit: 'requests/s',
  rows: [
    { label: 'ours', samples: [100, 300, 200] },
    { label: 'theirs', samples: [], failure: 'no | tags' },
  ],
  goals: [
    { text: '≥ 2 × theirs', value: 2.5, limit: 2, atLeast: true },
    { text: '≤ 1 × theirs', value: 1.5, limit: 1, atLeast: false },
  ],
  note: 'How it was done.',
  plot: { file: 'curve', xLabel: 'connections', series: [{ label: 'ours', points: [[1, 10]] }] },
};

function reportOf(measured: Partial<MeasureResult>): string {
  const results: BenchResults = {
    quick: true,
    machine: {
      processor: 'A processor',
      cores: 2,
      memoryBytes: 2 ** 34,
      kernel: '6.1',
      system: 'A system',
      fileSystem: 'tmpfs',
      date: '2000-01-01',
      commit: 'abc',
    },
    peers: [{ title: 'theirs', version: '1.2.3' }],
    measured: [
      {
        measure: { id: 'hot', title: 'What is hot', run: async () => Promise.resolve([]) },
        tables: [],
        ...measured,
      },
    ],
    seconds: 90,
  };
  return renderMarkdown(results, 'plots');
}

describe('a report', () => {
  const report = reportOf({ tables: [table] });

  test('says how it came about and on what', () => {
    expect(report).toContain('Written by `npm run bench -- --quick`');
    expect(report).toContain('in 1.5 minutes');
    expect(report).toContain('| machine | A processor, 2 cores, 16 GiB of memory |');
    expect(report).toContain('| theirs | 1.2.3 |');
  });

  test('has median and spread', () => {
    expect(report).toContain('| ours | 200 | 100 – 300 | 3 |');
  });

  test('says what a peer cannot do', () => {
    expect(report).toContain(String.raw`| theirs | cannot: no \| tags |  | 0 |`);
  });

  test('says which goals are met and which are missed', () => {
    expect(report).toContain('| Manifest by tag | ≥ 2 × theirs | 2.5 | met |');
    expect(report).toContain('| Manifest by tag | ≤ 1 × theirs | 1.5 | **missed** |');
  });

  test('shows the plot and its points', () => {
    expect(report).toContain('![Manifest by tag](plots/curve.svg)');
    expect(report).toContain('| ours | 10 |');
  });
});

test('a measure that failed is in the report', () => {
  expect(reportOf({ failure: 'no disk' })).toContain('It could not be measured: no disk');
});
