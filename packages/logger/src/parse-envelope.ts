import * as v from 'valibot';

/** An event of which only the action is known to be there. */
export interface UnknownEvent {
  readonly action: string;
  readonly [field: string]: unknown;
}

const envelopeSchema = v.object({ events: v.array(v.looseObject({ action: v.string() })) });

/** The body is no envelope of events. The message names the first field that is wrong. */
export class InvalidEventsError extends Error {
  override readonly name = 'InvalidEventsError';
}

/**
 * @throws {InvalidEventsError}
 * @see distribution, "Notifications"
 */
export function parseEnvelope(body: string): readonly UnknownEvent[] {
  return parseEvent(envelopeSchema, parseJson(body)).events;
}

/** @throws {InvalidEventsError} */
export function parseEvent<Output>(schema: v.GenericSchema<unknown, Output>, value: unknown): Output {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new InvalidEventsError(`invalid event: ${v.getDotPath(issue) ?? 'envelope'}: ${issue.message}`);
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new InvalidEventsError('body is not JSON: expected an envelope of events', { cause });
  }
}
