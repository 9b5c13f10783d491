import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, type Digest } from '@registry-cache/oci';

/** A worker that answers what a test tells it to, at a real socket. */
export interface ScriptedWorker {
  readonly socketPath: string;
  /** `GET /v2/org/app/manifests/1.0`, and its range where it has one, in order. */
  readonly asked: string[];
  readonly headers: IncomingMessage['headers'][];
  /** By path with query; what is not there is 404. */
  readonly answers: Map<string, (res: ServerResponse, req: IncomingMessage) => void>;
  /** Puts a document below `references` and its digest. */
  putManifest(name: string, document: unknown, ...references: string[]): Digest;
  /** A blob that is not stored until it was sent. */
  putBlob(name: string, bytes: Uint8Array): Digest;
  listen(): Promise<void>;
  close(): Promise<void>;
}

export async function createScriptedWorker(): Promise<ScriptedWorker> {
  const folder = await mkdtemp(join(tmpdir(), 'registry-cache-warm-'));
  const socketPath = join(folder, 'worker.sock');
  const stored = new Set<string>();
  const server = createServer((req, res) => {
    const url = req.url ?? '';
    worker.asked.push(`${url}${req.headers.range === undefined ? '' : ` ${req.headers.range}`}`);
    worker.headers.push(req.headers);
    const answer = worker.answers.get(url);
    if (answer === undefined) sendError(res, 404, 'not there');
    else answer(res, req);
  });

  const worker: ScriptedWorker = {
    socketPath,
    asked: [],
    headers: [],
    answers: new Map(),
    putManifest(name, document, ...references) {
      const bytes = Buffer.from(JSON.stringify(document));
      const digest = digestOf(bytes);
      for (const reference of [...references, digest]) {
        worker.answers.set(`/v2/${name}/manifests/${reference}`, (res) => {
          const outcome = stored.has(digest) ? 'hit' : 'fwd=miss; stored';
          stored.add(digest);
          const headers = { 'docker-content-digest': digest, 'cache-status': `registry-cache; ${outcome}` };
          res.writeHead(200, headers).end(bytes);
        });
      }
      return digest;
    },
    putBlob(name, bytes) {
      const digest = digestOf(bytes);
      worker.answers.set(`/v2/${name}/blobs/${digest}`, (res) => {
        if (stored.has(digest)) sendStored(res, bytes.byteLength);
        else res.writeHead(200, { 'content-length': bytes.byteLength }).end(bytes);
        stored.add(digest);
      });
      return digest;
    },
    async listen() {
      server.listen(socketPath);
      await once(server, 'listening');
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await rm(folder, { recursive: true });
    },
  };
  return worker;
}

/** What a worker says of a blob that is on disk. */
export function sendStored(res: ServerResponse, sizeBytes: number): void {
  res
    .writeHead(200, { 'x-accel-redirect': '/blobs/x', 'x-accel-length': sizeBytes, 'content-length': '0' })
    .end();
}

export function sendError(
  res: ServerResponse,
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  res.writeHead(status, headers).end(JSON.stringify({ errors: [{ code: 'UNKNOWN', message }] }));
}
