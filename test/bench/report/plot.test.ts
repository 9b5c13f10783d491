import { expect, test } from 'vitest';
import { describePlot } from './plot.ts';

test('each series is a line of its own', () => {
  const series = [
    { label: 'ours', points: [[1, 5] as const, [2, 6] as const] },
    { label: 'a "quoted" one', points: [[1, 7] as const] },
  ];
  const script = describePlot({ file: 'x', xLabel: 'connections', series }, 'requests/s', '/tmp/x.svg');
  expect(script).toContain('$series0 << END\n1 5\n2 6\nEND');
  expect(script).toContain('$series1 << END\n1 7\nEND');
  expect(script).toContain(String.raw`title "a \"quoted\" one"`);
  expect(script).toContain('set output "/tmp/x.svg"');
});

test.each([
  { to: 2, axis: 'set yrange [0:*]' },
  { to: 1000, axis: 'set logscale y' },
])('values from 1 to $to are drawn with $axis', ({ to, axis }) => {
  const series = [{ label: 'ours', points: [[1, 1] as const, [2, to] as const] }];
  expect(describePlot({ file: 'x', xLabel: 'n', series }, 'MB', 'x.svg')).toContain(axis);
});
