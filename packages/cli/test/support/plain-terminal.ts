import { styleText } from 'node:util';
import type { Terminal } from '../../src/terminal/terminal.ts';

/** A pipe: what is printed is kept. */
export function pipe(): Terminal & { readonly lines: string[] } {
  const lines: string[] = [];
  return {
    isInteractive: false,
    columns: Number.POSITIVE_INFINITY,
    lines,
    print: (line = '') => void lines.push(line),
    progress: () => {},
    style: (_, text) => text,
  };
}

/** A terminal of that width that shows no colours. */
export function plainTerminal(columns: number): Terminal {
  return { ...pipe(), isInteractive: true, columns };
}

/** A terminal that shows colours. */
export function colourTerminal(columns: number): Terminal {
  return {
    ...plainTerminal(columns),
    style: (style, text) => styleText(style, text, { validateStream: false }),
  };
}
