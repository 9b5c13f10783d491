import { styleText } from 'node:util';

export type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan';

/** Where a command writes for people: a terminal with colours, or a file or pipe without. */
export interface Terminal {
  /** Whether somebody watches: progress is worth showing. */
  readonly isInteractive: boolean;
  /** How many characters a line has; without bound where nobody watches. */
  readonly columns: number;
  print(line?: string): void;
  /** Replaces the line that the cursor is on; only where somebody watches. */
  progress(line: string): void;
  style(style: Style, text: string): string;
}

/** What a terminal has that does not say. */
const DEFAULT_COLUMNS = 80;

/** Colours follow the stream and `NO_COLOR`, as `styleText` reads them. */
export function createTerminal(stream: NodeJS.WriteStream): Terminal {
  const isInteractive = stream.isTTY === true;
  return {
    isInteractive,
    columns: isInteractive ? stream.columns || DEFAULT_COLUMNS : Number.POSITIVE_INFINITY,
    print: (line = '') => void stream.write(`${line}\n`),
    progress: (line) => void (isInteractive && stream.write(`\r\u001b[2K${line}`)),
    style: (style, text) => (isInteractive ? styleText(style, text, { stream }) : text),
  };
}
