export interface LineSplitter {
  /** The lines that `chunk` completes, without their line ends. */
  push(chunk: string): string[];
  /** What was left without a line end. */
  end(): string[];
}

/**
 * Cuts a stream of text into lines, however it arrives in chunks. A line is cut at `maxLength` characters and the rest of it
 * left out, so that output without an end of line takes no memory.
 */
export function createLineSplitter(maxLength: number): LineSplitter {
  let rest = '';
  const append = (text: string): void => {
    if (rest.length < maxLength) rest += text.slice(0, maxLength - rest.length);
  };
  const take = (): string => {
    const line = rest.endsWith('\r') ? rest.slice(0, -1) : rest;
    rest = '';
    return line;
  };
  return {
    push(chunk) {
      const lines: string[] = [];
      let start = 0;
      for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', start)) {
        append(chunk.slice(start, end));
        lines.push(take());
        start = end + 1;
      }
      append(chunk.slice(start));
      return lines;
    },
    end: () => (rest === '' ? [] : [take()]),
  };
}
