import type { Terminal } from '../terminal/terminal.ts';
import type { WarmProgress } from './progress.ts';

/** Every event as it came, each on its line. */
export function createJsonProgress(terminal: Terminal): WarmProgress {
  return { take: (event) => terminal.print(JSON.stringify(event)), close: () => {} };
}
