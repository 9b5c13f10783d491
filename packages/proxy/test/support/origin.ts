import type { ProxySettings, ProxyUpstream } from '@registry-cache/config';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders, RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { StartProxyOptions } from '../../src/start-proxy.ts';
import { fetchAnswer, type Answer, type ClientOptions } from './client.ts';
import { startTestProxy, upstream, type TestProxy } from './proxy.ts';
import { startWorker, type TestWorker } from './worker.ts';

export interface OriginProxy extends TestProxy {
  /** Of `quay.io`, which says itself who may pull: `alice:right`, `bob:right` and the token `quays-own`. */
  readonly quay: TestWorker;
  /** Of `docker.io`, the default, which lets this cache say so. */
  readonly docker: TestWorker;
}

export const HOST = 'cache.example.com:8443';
export const ALICE: string = basic('alice', 'right');
export const BOB: string = basic('bob', 'right');
export const QUAYS_OWN = 'quays-own';

const ACCEPTED: readonly (string | undefined)[] = [ALICE, BOB, `Bearer ${QUAYS_OWN}`];

/** What a worker answers whose upstream has these logins: `/v2/org/public/…` is anybody's, everything else theirs. */
export const originAnswer: RequestListener = ({ url, headers }, response) => {
  const isIn = ACCEPTED.includes(headers.authorization);
  const isPublic = url?.startsWith('/v2/org/public/') === true && headers.authorization === undefined;
  const isSigned = url?.includes('signature=good') === true;
  if (isIn || isPublic || isSigned) return void response.end('{}');
  response.writeHead(401, { 'www-authenticate': 'Bearer realm="https://quay.io/auth"' }).end('{"errors":[]}');
};

export async function startOriginProxy(
  overrides: Partial<ProxySettings> = {},
  options: Partial<StartProxyOptions> & { readonly quayAnswer?: RequestListener } = {},
): Promise<OriginProxy> {
  const folder = await mkdtemp(join(tmpdir(), 'origin-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [quaySocket, dockerSocket] = [join(folder, 'quay.sock'), join(folder, 'docker.sock')];
  const { quayAnswer = originAnswer, ...proxyOptions } = options;
  const quay = await startWorker(quaySocket, quayAnswer);
  const docker = await startWorker(dockerSocket, (_request, response) => void response.end('{}'));
  const upstreams = [
    originUpstream('quay.io', quaySocket),
    { ...upstream('docker.io', dockerSocket), default: true },
  ];
  const started = await startTestProxy({ upstreams, ...overrides }, proxyOptions);
  return { ...started, quay, docker };
}

export function originUpstream(name: string, socketPath: string): ProxyUpstream {
  return { ...upstream(name, socketPath), authorization: 'origin' };
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** As a client that knows this cache as `cache.example.com:8443`. */
export function fetchAs(
  { port }: Pick<TestProxy, 'port'>,
  path: string,
  authorization?: string,
  options: ClientOptions = {},
): Promise<Answer> {
  const own = authorization === undefined ? {} : { authorization };
  return fetchAnswer(port, path, { ...options, headers: { host: HOST, ...own, ...options.headers } });
}

/** `Bearer …` of a token for what is asked. */
export async function fetchToken(
  proxy: Pick<TestProxy, 'port'>,
  target: string,
  authorization?: string,
): Promise<string> {
  const answer = await fetchAs(proxy, target, authorization);
  if (answer.status !== 200)
    throw new Error(`expected a token, got ${answer.status}: ${String(answer.body)}`);
  const { token } = JSON.parse(answer.body.toString()) as { token: string };
  return `Bearer ${token}`;
}

/** What a worker was shown, of each request in turn. */
export function shown(
  { requests }: TestWorker,
  name: keyof IncomingHttpHeaders = 'authorization',
): unknown[] {
  return requests.map(({ headers }) => headers[name]);
}
