import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './temporary-folder.ts';

/** What a route answers: a value is sent as JSON, an array of events as a line each, and a function answers by itself. */
export type FakeAnswer =
  | { readonly json: unknown; readonly status?: number }
  | { readonly lines: readonly unknown[] }
  | ((res: ServerResponse) => void);

export interface FakeControl {
  readonly socketPath: string;
  /** `POST /api/v1/pins {"pattern":"…"}`, in order. */
  readonly requests: readonly string[];
}

/** Answers on a real unix socket as the admin process does. Routes are `GET /api/v1/status`, with their query. */
export async function startFakeControl(routes: Readonly<Record<string, FakeAnswer>>): Promise<FakeControl> {
  const folder = await temporaryFolder();
  const socketPath = join(folder, 'control.sock');
  const requests: string[] = [];
  const server = createServer((req, res) => {
    void handle(req, res, routes, requests);
  });
  server.listen(socketPath);
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { socketPath, requests };
}

async function handle(
  req: IncomingMessage,
  res: ServerResponse,
  routes: Readonly<Record<string, FakeAnswer>>,
  requests: string[],
): Promise<void> {
  const body = await text(req);
  const route = `${req.method} ${req.url}`;
  requests.push(body === '' ? route : `${route} ${body}`);
  const answer = routes[route];
  if (typeof answer === 'function') return answer(res);
  if (answer === undefined) return void res.writeHead(404).end(JSON.stringify({ problem: `no ${route}` }));
  if ('json' in answer) return void res.writeHead(answer.status ?? 200).end(JSON.stringify(answer.json));
  res.end(answer.lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}
