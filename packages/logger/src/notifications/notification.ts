import * as v from 'valibot';
import { parseEvent, type UnknownEvent } from '../parse-envelope.ts';

/** An event as endpoints are sent it. */
export interface Notification {
  readonly action: string;
  /** Of the target, without parameters. */
  readonly mediaType: string;
  /** The event as JSON, written once for all endpoints. */
  readonly json: string;
}

// What a plain registry tells besides, pushes and deletions, it can tell endpoints of its own.
const ACTIONS: readonly string[] = ['pull', 'evict', 'fill-failed'];

const targetSchema = v.object({
  target: v.optional(v.object({ mediaType: v.optional(v.string(), '') }), {}),
});

/** @throws {InvalidEventsError} */
export function notificationsOf(events: readonly UnknownEvent[]): Notification[] {
  return events
    .filter(({ action }) => ACTIONS.includes(action))
    .map((event) => {
      const { mediaType } = parseEvent(targetSchema, event).target;
      return {
        action: event.action,
        mediaType: mediaType.split(';', 1)[0]?.trim() ?? '',
        json: JSON.stringify(event),
      };
    });
}
