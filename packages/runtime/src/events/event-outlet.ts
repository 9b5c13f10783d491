import type { Logger } from '../log.ts';
import { createEventLink } from './event-link.ts';
import { createEventQueue, type EventQueue } from './event-queue.ts';

/** Where a process tells of what happens in it, as long as somebody wants to know. */
export interface EventOutlet<Event> {
  /** @param create makes the event, where somebody wants to know */
  push(create: () => Event): void;
  /** Where events go from now on: a unix socket, or nowhere. Resolves when those so far have gone, within a bound of time. */
  connect(this: void, socketPath: string | undefined): Promise<void>;
  /** Sends what is left, within a bound of time. */
  close(this: void): Promise<void>;
}

export interface EventOutletOptions {
  /** Where events go at first. */
  readonly socketPath: string | undefined;
  /** Of the envelope `{"events": […]}`. */
  readonly mediaType: string;
  readonly log: Logger;
}

export function createEventOutlet<Event>(options: EventOutletOptions): EventOutlet<Event> {
  const { mediaType, log } = options;
  const open = (path: string | undefined): EventQueue<Event> | undefined =>
    path === undefined ? undefined : connectEventQueue(path, mediaType, log);
  let { socketPath } = options;
  let queue = open(socketPath);
  const connect = async (path: string | undefined): Promise<void> => {
    if (path === socketPath) return;
    const before = queue;
    queue = open(path);
    socketPath = path;
    await before?.close();
  };
  return {
    push: (create) => queue?.push(create()),
    connect,
    close: () => connect(undefined),
  };
}

/** A queue of events for a unix socket, which it disconnects from when it is closed. */
export function connectEventQueue<Event>(
  socketPath: string,
  mediaType: string,
  log: Logger,
): EventQueue<Event> {
  const link = createEventLink<Event>(socketPath, mediaType);
  const queue = createEventQueue<Event>({ send: (events) => link.post(events), log });
  return {
    ...queue,
    async close() {
      await queue.close();
      link.close();
    },
  };
}
