import { errorAnswer, RegistryError } from '@registry-cache/oci';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import type { Content } from './content.ts';
import { findContent } from './find-content.ts';
import type { DemoImage } from './image.ts';

/** How far away the upstream pretends to be. */
export interface Link {
  readonly latencyMs: number;
  readonly bytesPerSecond: number;
}

/** What the upstream has been asked for so far. */
export interface Traffic {
  readonly requests: number;
  readonly bodyBytes: number;
}

export interface DemoUpstream {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  traffic(): Traffic;
  close(): Promise<void>;
}

const CHUNK_BYTES = 256 * 1024;

/** A registry on the loopback interface that holds one image, read-only and open to everyone. */
export async function startDemoUpstream(image: DemoImage, link: Link): Promise<DemoUpstream> {
  let requests = 0;
  let bodyBytes = 0;
  const server = createServer((req, res) => {
    requests += 1;
    // A client that leaves half way fails the pipeline: there is nobody left to tell.
    answer(req, res).catch(() => res.destroy());
  });

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    await setTimeout(link.latencyMs);
    const content = contentFor(image, req, res);
    if (content === undefined) return;
    res.writeHead(200, headersOf(content));
    if (req.method === 'HEAD') res.end();
    else await pipeline(Readable.from(paced(content.bytes)), res);
  }

  async function* paced(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
      const chunk = bytes.subarray(start, start + CHUNK_BYTES);
      await setTimeout((chunk.length / link.bytesPerSecond) * 1000);
      bodyBytes += chunk.length;
      yield chunk;
    }
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    traffic: () => ({ requests, bodyBytes }),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** What was asked for, or undefined after an error was answered. */
function contentFor(image: DemoImage, req: IncomingMessage, res: ServerResponse): Content | undefined {
  try {
    return findContent(image, new URL(req.url ?? '/', 'http://upstream').pathname);
  } catch (err) {
    if (!(err instanceof RegistryError)) throw err;
    const { status, headers, body } = errorAnswer(err);
    res.writeHead(status, headers).end(req.method === 'HEAD' ? undefined : body);
    return undefined;
  }
}

function headersOf({ mediaType, digest, bytes }: Content): Record<string, string | number> {
  return {
    'docker-distribution-api-version': 'registry/2.0',
    'content-type': mediaType,
    'content-length': bytes.length,
    'docker-content-digest': digest,
  };
}

function portOf(address: ReturnType<ReturnType<typeof createServer>['address']>): number {
  if (address === null || typeof address === 'string') throw new TypeError('expected a TCP address');
  return address.port;
}
