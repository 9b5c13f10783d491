import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { Digest, RepositoryName } from '@registry-cache/oci';
import type { BlobRange } from '../../src/upstream/upstream-registry.ts';
import { startWorkerServer } from '../../src/worker-server.ts';
import {
  createWorkerFixture,
  quietLog,
  type WorkerFixture,
  type WorkerFixtureOptions,
} from './worker-fixture.ts';

/** A worker behind its socket, as the proxy sees it. */
export interface ServedWorker extends WorkerFixture {
  /** Resolves with the head; the caller reads or destroys the body. Each has a connection of its own. */
  open(path: string, headers?: IncomingHttpHeaders, method?: string): Promise<IncomingMessage>;
  get(path: string, headers?: IncomingHttpHeaders, method?: string): Promise<Received>;
  /** Puts a blob that is sent by hand: the whole of it by `body`, each window by a stream of its own. */
  holdBlob(name: RepositoryName, bytes: Uint8Array): HeldBlob;
}

export interface Received {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HeldBlob {
  readonly digest: Digest;
  readonly path: string;
  readonly body: PassThrough;
  /** In the order in which they were asked for. */
  readonly windows: HeldWindow[];
}

export interface HeldWindow {
  readonly range: BlobRange;
  readonly body: PassThrough;
}

export async function serveWorker(options: WorkerFixtureOptions = {}): Promise<ServedWorker> {
  const worker = await createWorkerFixture(options);
  const socketPath = join(worker.root, 'worker.sock');
  const server = await startWorkerServer({ socketPath, pullThrough: worker.pullThrough, log: quietLog });

  const open: ServedWorker['open'] = async (path, headers = {}, method = 'GET') => {
    const req = request({ socketPath, path, headers, method, agent: false }).end();
    const [res] = (await once(req, 'response')) as [IncomingMessage];
    return res;
  };
  return {
    ...worker,
    open,
    async get(path, headers, method) {
      const res = await open(path, headers, method);
      return { status: res.statusCode, headers: res.headers, body: Buffer.concat(await res.toArray()) };
    },
    holdBlob(name, bytes) {
      const digest = worker.upstream.putBlob(name, bytes);
      const held: HeldBlob = { digest, path: `/v2/${name}/blobs/${digest}`, body: heldBody(), windows: [] };
      worker.upstream.bodies.set(`${name}@${digest}`, (range) => {
        const sizeBytes = bytes.byteLength;
        if (range === undefined) return { body: held.body, start: 0, sizeBytes };
        const window = { range, body: heldBody() };
        held.windows.push(window);
        return { body: window.body, start: range.start, sizeBytes };
      });
      return held;
    },
    async close() {
      await server.close(0);
      await worker.close();
    },
  };
}

function heldBody(): PassThrough {
  return new PassThrough({ highWaterMark: 64 * 1024 * 1024 });
}
