import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Plot } from '../measure.ts';
import { runProgram } from '../run/programs.ts';

// Apart for eyes that see few colours, and readable on white and on black.
const COLOURS = ['#d55e00', '#0072b2', '#009e73', '#cc79a7', '#999999', '#e69f00'];
const INK = '#808080';
const WIDE_RANGE = 20;

/** Draws with gnuplot, on a transparent background. */
export async function drawPlot(plot: Plot, unit: string, file: string): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'plot-'));
  try {
    const script = join(directory, 'plot.gnuplot');
    const drawn = join(directory, 'plot.svg');
    await writeFile(script, describePlot(plot, unit, drawn));
    await runProgram('gnuplot', [script]);
    await copyFile(drawn, file);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * A script for gnuplot. Axes whose values lie far apart are logarithmic.
 * @internal
 */
export function describePlot({ xLabel, series }: Plot, unit: string, file: string): string {
  const points = series.flatMap((each) => each.points);
  const lines = series.map((each, index) => {
    const colour = COLOURS[index % COLOURS.length] ?? INK;
    return `$series${index} using 1:2 with linespoints linewidth 2 pointtype 7 pointsize 0.6 linecolor rgb "${colour}" title "${quote(each.label)}"`;
  });
  return [
    'set terminal svg size 760,420 dynamic font "sans-serif,13" enhanced',
    `set output "${quote(file)}"`,
    `set border 3 linecolor rgb "${INK}"`,
    `set grid linecolor rgb "${INK}" linewidth 0.4`,
    `set key outside right top textcolor rgb "${INK}" noenhanced`,
    `set xlabel "${quote(xLabel)}" textcolor rgb "${INK}" noenhanced`,
    `set ylabel "${quote(unit)}" textcolor rgb "${INK}" noenhanced`,
    `set tics nomirror textcolor rgb "${INK}"`,
    'set format "%.0f"',
    ...(isWide(points.map(([x]) => x)) ? ['set logscale x', `set xtics (${placesOf(points)})`] : []),
    ...(isWide(points.map(([, y]) => y)) ? ['set logscale y'] : ['set yrange [0:*]']),
    ...series.map((each, index) => describeSeries(index, each.points)),
    `plot ${lines.join(', ')}`,
    '',
  ].join('\n');
}

function describeSeries(index: number, points: readonly (readonly [number, number])[]): string {
  return [`$series${index} << END`, ...points.map(([x, y]) => `${x} ${y}`), 'END'].join('\n');
}

function placesOf(points: readonly (readonly [number, number])[]): string {
  return [...new Set(points.map(([x]) => x))].toSorted((a, b) => a - b).join(', ');
}

function isWide(values: readonly number[]): boolean {
  const least = Math.min(...values);
  return least > 0 && Math.max(...values) / least >= WIDE_RANGE;
}

function quote(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', String.raw`\"`);
}
