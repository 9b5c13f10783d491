import type { LogDestination } from './log-destination.ts';

// Occurs in no string of a JSON line: a quote is escaped there.
const MARKER = ',"accessLine":"';

/**
 * Writes a line that carries a readable form of itself, as the access log's do with `format: text`, in that form alone; what wants to
 * read fields gets its lines before they come here.
 */
export function withAccessLines(destination: LogDestination): LogDestination {
  return {
    ...destination,
    write(lines) {
      destination.write(lines.includes(MARKER) ? lines.split('\n').map(readableForm).join('\n') : lines);
    },
  };
}

function readableForm(line: string): string {
  if (!line.includes(MARKER)) return line;
  return findAccessLine(line) ?? line;
}

function findAccessLine(line: string): string | undefined {
  try {
    const { accessLine }: { readonly accessLine?: unknown } = JSON.parse(line);
    return typeof accessLine === 'string' ? accessLine : undefined;
  } catch (error) {
    // It begins and ends like a line of ours, and is none.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
