import {
  ACCESS_EVENTS_MEDIA_TYPE,
  type AccessEvent,
  type AccessEventEnvelope,
} from '@registry-cache/store/read';
import { Agent, request, type IncomingMessage } from 'node:http';

/** Posts access events to the logger's unix socket. */
export interface LoggerLink {
  /** Rejects unless the logger has taken the events. */
  post(events: readonly AccessEvent[]): Promise<void>;
  close(): void;
}

/** The logger will not take these events, however often they are sent. */
export class EventsRefusedError extends Error {
  override readonly name = 'EventsRefusedError';
}

const TIMEOUT_MS = 5000;

export function createLoggerLink(socketPath: string): LoggerLink {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    post: async (events) => {
      const envelope: AccessEventEnvelope = { events };
      const answer = await send(socketPath, agent, JSON.stringify(envelope));
      const { statusCode = 0 } = answer;
      answer.resume();
      const message = `post access events to ${socketPath}: expected a status of 2xx, got ${statusCode}`;
      if (statusCode >= 400 && statusCode <= 499) throw new EventsRefusedError(message);
      if (statusCode < 200 || statusCode > 299) throw new Error(message);
    },
    close: () => agent.destroy(),
  };
}

function send(socketPath: string, agent: Agent, body: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({
      socketPath,
      agent,
      method: 'POST',
      path: '/events',
      headers: { 'content-type': ACCESS_EVENTS_MEDIA_TYPE, 'content-length': Buffer.byteLength(body) },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
      .on('response', resolve)
      .on('error', reject)
      .end(body);
  });
}
