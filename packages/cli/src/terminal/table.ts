import { stripVTControlCharacters } from 'node:util';

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** Its cells lose their middle where a line would be too long. They have no colours. */
  readonly shrinks?: boolean;
}

const GAP = '  ';
/** What is left of a cell that loses its middle. */
const MIN_SHRUNK_WIDTH = 16;

/** The rows of a table below its titles, each column as wide as its widest cell. Cells may have colours. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  maxWidth: number = Number.POSITIVE_INFINITY,
): string[] {
  const lines = [columns.map(({ title }) => title), ...rows];
  const widths = shrink(
    columns,
    columns.map((_, index) => Math.max(...lines.map((cells) => widthOf(cells[index] ?? '')))),
    maxWidth,
  );
  return lines.map((cells) =>
    columns
      .map(({ align }, index) => fit(cells[index] ?? '', widths[index] ?? 0, align))
      .join(GAP)
      .trimEnd(),
  );
}

/** `quay.io/openshi…app:1.0`: the end says as much as the beginning. */
export function cutMiddle(text: string, width: number): string {
  if (text.length <= width) return text;
  const tail = Math.floor((width - 1) / 2);
  return `${text.slice(0, width - 1 - tail)}…${text.slice(text.length - tail)}`;
}

function shrink(columns: readonly Column[], widths: readonly number[], maxWidth: number): number[] {
  const width = widths.reduce((sum, each) => sum + each, GAP.length * (widths.length - 1));
  let excess = Math.max(0, width - maxWidth);
  return widths.map((each, index) => {
    if (columns[index]?.shrinks !== true) return each;
    const by = Math.min(excess, Math.max(0, each - MIN_SHRUNK_WIDTH));
    excess -= by;
    return each - by;
  });
}

function fit(text: string, width: number, align: Column['align']): string {
  if (widthOf(text) > width) return cutMiddle(text, width);
  const space = ' '.repeat(width - widthOf(text));
  return align === 'left' ? text + space : space + text;
}

/** How many characters of a line it takes: colours take none. */
export function widthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}
