import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

export interface EventTaker<Event> {
  readonly socketPath: string;
  readonly taken: readonly Event[];
  readonly mediaTypes: ReadonlySet<string | undefined>;
}

/** Takes events at a unix socket, as the logger does, unless it is told to answer with another status. */
export async function startEventTaker<Event>(status: () => number = () => 200): Promise<EventTaker<Event>> {
  const folder = await mkdtemp(join(tmpdir(), 'events-'));
  const socketPath = join(folder, 'events.sock');
  const taken: Event[] = [];
  const mediaTypes = new Set<string | undefined>();
  const server = createServer((request, response) => {
    mediaTypes.add(request.headers['content-type']);
    void json(request).then((envelope) => {
      const { events } = envelope as { events: Event[] };
      const answer = status();
      if (answer === 200) taken.push(...events);
      response.writeHead(answer).end();
    });
  });
  server.listen(socketPath);
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
    await rm(folder, { recursive: true });
  });
  return { socketPath, taken, mediaTypes };
}
