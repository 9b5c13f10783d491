import { digestOf, findCacheOutcome, MANIFEST_MEDIA_TYPES } from '@registry-cache/oci';
import type { IncomingMessage } from 'node:http';
import { Agent, request, type RequestOptions } from 'node:https';
import { buffer } from 'node:stream/consumers';

/** One answer of the cache, read to its end and verified. */
export interface Answer {
  readonly body: Buffer;
  /** The `Cache-Status` in one word where it is one of ours. */
  readonly cache: string;
  readonly durationMs: number;
}

export interface RegistryClient {
  /** @throws {Error} when the status is not 200 or the bytes are not what the path or the answer says. */
  get(path: string): Promise<Answer>;
  close(): void;
}

/** A client of the cache that keeps its connection, as those of container engines do. */
export function createRegistryClient(origin: string, signal: AbortSignal): RegistryClient {
  // The certificate is self-signed and on the loopback interface: there is nobody to ask who vouches for it.
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  const headers = { accept: MANIFEST_MEDIA_TYPES.join(', ') };
  return {
    async get(path) {
      const startedAt = performance.now();
      const res = await send(new URL(path, origin), { agent, signal, headers });
      const body = await buffer(res);
      const durationMs = performance.now() - startedAt;
      verify(path, res, body);
      return { body, cache: cacheOutcomeOf(res), durationMs };
    },
    close: () => agent.destroy(),
  };
}

function send(url: URL, options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // The listener stays: what breaks while the body is read is also emitted here, and rejects the read.
    request(url, options, resolve).on('error', reject).end();
  });
}

function verify(path: string, res: IncomingMessage, body: Buffer): void {
  if (res.statusCode !== 200) {
    throw new Error(`GET ${path}: the cache answered ${res.statusCode}: ${body.toString('utf8', 0, 500)}`);
  }
  const expected = /sha256:[0-9a-f]+$/.exec(path)?.[0] ?? res.headers['docker-content-digest'];
  const actual = digestOf(body);
  if (actual !== expected) throw new Error(`GET ${path}: expected ${String(expected)}, received ${actual}`);
}

function cacheOutcomeOf(res: IncomingMessage): string {
  const status = res.headers['cache-status'];
  if (typeof status !== 'string') return 'unknown';
  return findCacheOutcome(status) ?? status;
}
