import { isMet } from '../goals.ts';
import type { Goal, Plot, Row, Table } from '../measure.ts';
import type { BenchResults, MeasureResult } from '../run-bench.ts';
import { medianOf } from '../statistics.ts';
import { formatNumber } from './format-number.ts';

/** The whole report; pictures are in `plotFolder`, relative to it. */
export function renderMarkdown(results: BenchResults, plotFolder: string): string {
  return [
    '# Benchmarks',
    renderIntroduction(results),
    '## Goals',
    renderGoals(results.measured),
    ...results.measured.map((measured) => renderMeasure(measured, plotFolder)),
    '',
  ].join('\n\n');
}

function renderIntroduction({ quick, machine, peers, seconds }: BenchResults): string {
  const command = quick ? 'npm run bench -- --quick' : 'npm run bench';
  const gibibytes = formatNumber(machine.memoryBytes / 2 ** 30);
  return [
    `Written by \`${command}\`, which measured all of it on one machine, in turns, in ${formatNumber(seconds / 60)} minutes. Nothing here is typed by hand. ` +
      'Configurations are in `test/bench/peers/`. Every byte that a client received was compared with what it should be.',
    '',
    ...renderTable(
      ['what', 'which'],
      [
        ['machine', `${machine.processor}, ${machine.cores} cores, ${gibibytes} GiB of memory`],
        ['system', `${machine.system}, Linux ${machine.kernel}, data on ${machine.fileSystem}`],
        ['date', machine.date],
        ['commit', machine.commit],
        ...peers.map(({ title, version }) => [title, version]),
      ],
      'text',
    ),
  ].join('\n');
}

function renderGoals(measured: readonly MeasureResult[]): string {
  const rows = measured.flatMap(({ tables }) =>
    tables.flatMap(({ title, goals }) => goals.map((goal) => [title, ...renderGoal(goal)])),
  );
  if (rows.length === 0) return 'None was measured.';
  return renderTable(['measure', 'goal', 'measured', ''], rows).join('\n');
}

function renderMeasure({ measure, tables, failure }: MeasureResult, plotFolder: string): string {
  const failed = failure === undefined ? [] : [`It could not be measured: ${escapeCell(failure)}`];
  return [`## ${measure.title}`, ...failed, ...tables.map((table) => renderMeasured(table, plotFolder))].join(
    '\n\n',
  );
}

function renderMeasured(table: Table, plotFolder: string): string {
  const { title, note, rows, unit, goals, plot } = table;
  return [
    `### ${title}`,
    note,
    ...(rows.length === 0
      ? []
      : [renderTable([unit, 'median', 'min – max', 'samples'], rows.map(renderRow)).join('\n')]),
    ...(goals.length === 0 ? [] : [renderTable(['goal', 'measured', ''], goals.map(renderGoal)).join('\n')]),
    ...(plot === undefined ? [] : [`![${title}](${plotFolder}/${plot.file}.svg)`, renderPoints(plot, unit)]),
  ].join('\n\n');
}

function renderRow({ label, samples, failure }: Row): string[] {
  if (samples.length === 0) return [label, `cannot: ${failure ?? 'not measured'}`, '', '0'];
  const spread = `${formatNumber(Math.min(...samples))} – ${formatNumber(Math.max(...samples))}`;
  return [label, formatNumber(medianOf(samples)), spread, String(samples.length)];
}

function renderGoal(goal: Goal): string[] {
  return [goal.text, formatNumber(goal.value), isMet(goal) ? 'met' : '**missed**'];
}

function renderPoints({ series, xLabel }: Plot, unit: string): string {
  const places = [...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))].toSorted(
    (a, b) => a - b,
  );
  const rows = series.map(({ label, points }) => {
    const values = new Map(points);
    return [label, ...places.map((x) => (values.has(x) ? formatNumber(values.get(x) ?? Number.NaN) : ''))];
  });
  return renderTable([`${unit} at … ${xLabel}`, ...places.map(formatNumber)], rows).join('\n');
}

function renderTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  cells: 'numbers' | 'text' = 'numbers',
): string[] {
  const ruler = cells === 'numbers' ? '---:' : '---';
  const line = (columns: readonly string[]): string => `| ${columns.map(escapeCell).join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : ruler))), ...rows.map(line)];
}

function escapeCell(text: string): string {
  return text.replaceAll('|', String.raw`\|`).replaceAll('<', '&lt;');
}
