import { once } from 'node:events';
import { Agent, request as httpsRequest } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { createHash } from 'node:crypto';
import { findCacheOutcome, type CacheOutcome } from '@registry-cache/oci';

export interface RegistryClientOptions {
  /** `https://127.0.0.1:8443` */
  readonly origin: string;
  /** PEM of the certificate authority that the client trusts. */
  readonly ca: string;
  /** `user:password` */
  readonly auth?: string;
}

/** An HTTPS client that keeps its connections, as a container engine does. */
export interface RegistryClient {
  get(path: string, options?: RequestOptions): Promise<Received>;
  head(path: string, options?: RequestOptions): Promise<Received>;
  /** Resolves with the headers; the caller reads the body or destroys it. */
  open(method: string, path: string, options?: RequestOptions): Promise<IncomingMessage>;
  close(): Promise<void>;
}

interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface Received {
  readonly path: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly sizeBytes: number;
  /** SHA-256 of the bytes that came, as a digest. */
  readonly digest: string;
  /** The bytes, where there are no more than a manifest may have. */
  readonly bytes: Uint8Array;
  /** Whether the body had its end: a connection that breaks within it makes it incomplete. */
  readonly complete: boolean;
  readonly cacheStatus: string | undefined;
  readonly outcome: CacheOutcome | undefined;
}

const MAX_KEPT_BYTES = 4 * 1024 * 1024;

export function createRegistryClient({ origin, ca, auth }: RegistryClientOptions): RegistryClient {
  const agent = new Agent({ keepAlive: true, ca });
  const authorization =
    auth === undefined ? {} : { authorization: `Basic ${Buffer.from(auth).toString('base64')}` };
  const open: RegistryClient['open'] = async (method, path, { headers, signal } = {}) => {
    const sent = httpsRequest(`${origin}${path}`, {
      agent,
      method,
      headers: { ...authorization, ...headers },
      ...(signal === undefined ? {} : { signal }),
    });
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    // A connection that is reset from now on is seen by whoever reads the body.
    sent.on('error', () => {});
    return response;
  };
  const receiveFrom =
    (method: string) =>
    async (path: string, options?: RequestOptions): Promise<Received> =>
      receive(path, await open(method, path, options));
  return {
    open,
    get: receiveFrom('GET'),
    head: receiveFrom('HEAD'),
    close: async () => agent.destroy(),
  };
}

/** Reads a response to its end, whether that comes in order or too early. */
export async function receive(path: string, response: IncomingMessage): Promise<Received> {
  const hash = createHash('sha256');
  const kept: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes <= MAX_KEPT_BYTES) kept.push(chunk);
    }
  } catch (err) {
    if (response.complete) throw err;
  }
  const { statusCode: status = 0, headers, complete } = response;
  const cacheStatus = headers['cache-status'];
  return {
    path,
    status,
    headers,
    sizeBytes,
    digest: `sha256:${hash.digest('hex')}`,
    bytes: Buffer.concat(kept),
    complete,
    cacheStatus: typeof cacheStatus === 'string' ? cacheStatus : undefined,
    outcome: typeof cacheStatus === 'string' ? findCacheOutcome(cacheStatus) : undefined,
  };
}
