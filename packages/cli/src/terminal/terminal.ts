import { styleText } from 'node:util';

type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red';

/** Where a command writes for people: a terminal with colours, or a file or pipe without. */
export interface Terminal {
  /** Whether somebody watches: progress is worth showing. */
  readonly isInteractive: boolean;
  print(line?: string): void;
  /** Replaces the line that the cursor is on; only where somebody watches. */
  progress(line: string): void;
  style(style: Style, text: string): string;
}

/** Colours follow the stream and `NO_COLOR`, as `styleText` reads them. */
export function createTerminal(stream: NodeJS.WriteStream): Terminal {
  const isInteractive = stream.isTTY === true;
  return {
    isInteractive,
    print: (line = '') => void stream.write(`${line}\n`),
    progress: (line) => void (isInteractive && stream.write(`\r\u001b[2K${line}`)),
    style: (style, text) => (isInteractive ? styleText(style, text, { stream }) : text),
  };
}
