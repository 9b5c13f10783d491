import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { format } from 'prettier';
import type { BenchResults } from '../run-bench.ts';
import { renderMarkdown } from './markdown.ts';
import { drawPlot } from './plot.ts';

/** Writes the report, and its plots into a folder beside it. */
export async function writeReport(output: string, results: BenchResults): Promise<void> {
  const folder = basename(output, extname(output));
  const plotDirectory = join(dirname(output), folder);
  await mkdir(plotDirectory, { recursive: true });
  const markdown = renderMarkdown(results, folder);
  await writeFile(
    output,
    await format(markdown, { parser: 'markdown', printWidth: 110, proseWrap: 'preserve' }),
  );
  for (const { plot, unit } of results.measured.flatMap(({ tables }) => tables)) {
    if (plot !== undefined) await drawPlot(plot, unit, join(plotDirectory, `${plot.file}.svg`));
  }
}
