import type { WarmEvent } from '@registry-cache/control';
import type { Terminal } from '../terminal/terminal.ts';
import { formatOutcome } from './outcome.ts';
import type { WarmProgress } from './progress.ts';

/** A line when an image begins, and one when it ends: what a log of it wants. */
export function createLineProgress(terminal: Terminal): WarmProgress {
  return {
    take: (event) => {
      const line = formatEvent(event, terminal);
      if (line !== undefined) terminal.print(line);
    },
    close: () => {},
  };
}

function formatEvent(event: WarmEvent, terminal: Terminal): string | undefined {
  switch (event.type) {
    case 'started':
      return `started  ${event.image}`;
    case 'progress':
      return undefined;
    case 'done':
    case 'failed':
      return formatOutcome(event, terminal);
  }
}
