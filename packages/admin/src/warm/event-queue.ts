import type { WarmEvent } from '@registry-cache/control';

/** What happens in a job, for one who may take it more slowly than it comes. */
export interface EventQueue extends AsyncIterable<WarmEvent> {
  /** Progress that nobody has taken yet is replaced by what follows it. */
  push(event: WarmEvent): void;
  /** Iteration ends behind what was pushed, or fails. */
  end(error?: unknown): void;
}

export function createEventQueue(): EventQueue {
  const events: WarmEvent[] = [];
  let ended: { readonly error: unknown } | undefined;
  let wake = (): void => {};
  return {
    push(event) {
      const last =
        event.type === 'progress' ? events.findIndex((each) => isProgressOf(each, event.image)) : -1;
      if (last === -1) events.push(event);
      else events[last] = event;
      wake();
    },
    end(error) {
      ended = { error };
      wake();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const next = events.shift();
        if (next !== undefined) yield next;
        else if (ended === undefined) await new Promise<void>((resolve) => (wake = resolve));
        else if (ended.error === undefined) return;
        else throw ended.error;
      }
    },
  };
}

function isProgressOf(event: WarmEvent, image: string): boolean {
  return event.type === 'progress' && event.image === image;
}
