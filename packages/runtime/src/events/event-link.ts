import { Agent, request, type IncomingMessage } from 'node:http';

/** Posts events to the unix socket of the process that takes them. */
export interface EventLink<Event> {
  /**
   * Rejects unless the events have been taken.
   *
   * @throws {EventsRefusedError} when they are answered with a status of 4xx
   */
  post(events: readonly Event[]): Promise<void>;
  close(): void;
}

/** Whoever takes events will not take these, however often they are sent. */
export class EventsRefusedError extends Error {
  override readonly name = 'EventsRefusedError';
}

const TIMEOUT_MS = 5000;

/** @param mediaType of the envelope `{"events": […]}` */
export function createEventLink<Event>(socketPath: string, mediaType: string): EventLink<Event> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    post: async (events) => {
      const answer = await send({ socketPath, agent, mediaType, body: JSON.stringify({ events }) });
      const { statusCode = 0 } = answer;
      answer.resume();
      const message = `post events to ${socketPath}: expected a status of 2xx, got ${statusCode}`;
      if (statusCode >= 400 && statusCode <= 499) throw new EventsRefusedError(message);
      if (statusCode < 200 || statusCode > 299) throw new Error(message);
    },
    close: () => agent.destroy(),
  };
}

interface Envelope {
  readonly socketPath: string;
  readonly agent: Agent;
  readonly mediaType: string;
  readonly body: string;
}

function send({ socketPath, agent, mediaType, body }: Envelope): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({
      socketPath,
      agent,
      method: 'POST',
      path: '/events',
      headers: { 'content-type': mediaType, 'content-length': Buffer.byteLength(body) },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
      .on('response', resolve)
      .on('error', reject)
      .end(body);
  });
}
