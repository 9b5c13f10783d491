import { findCacheOutcome, findDigest, type Digest, type RegistryRequest } from '@registry-cache/oci';
import type { AccessEvent } from '@registry-cache/store/read';
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Exchange } from '../exchange.ts';
import type { UpstreamRoute } from '../url-shape.ts';

/** A pull whose response has closed. */
export interface FinishedPull {
  readonly exchange: Exchange;
  /** Set where clients log in. */
  readonly user: string | undefined;
  readonly route: UpstreamRoute;
  /** What the worker's answer said. */
  readonly answer: IncomingHttpHeaders;
  readonly finishedAtMs: number;
}

// A client may write as much as a request's head holds into each, and the logger takes a megabyte for a hundred events.
const MAX_CLIENT_TEXT = 512;

/**
 * The event of a manifest's or blob's successful pull. Undefined for anything else: other endpoints, failures, and an answer
 * that does not say which digest it is.
 */
export function findPullEvent({
  exchange,
  user,
  route,
  answer,
  finishedAtMs,
}: FinishedPull): AccessEvent | undefined {
  const { request, response, method, endpoints } = exchange;
  const status = response.statusCode;
  const digest = findTargetDigest(route.request, answer);
  if (digest === undefined || !(status < 300 || status === 304)) return undefined;
  return {
    id: randomUUID(),
    timestamp: new Date(exchange.startedAtMs).toISOString(),
    action: 'pull',
    target: {
      mediaType: mediaTypeOf(route.request, answer),
      size: wholeSize(answer),
      digest,
      repository: repositoryOf(route),
      ...tagOf(route.request),
    },
    request: {
      id: exchange.requestId,
      addr: endpoints.peer,
      host: clientText(request.headers.host),
      method,
      useragent: clientText(request.headers['user-agent']),
    },
    actor: user === undefined ? {} : { name: user },
    source: { addr: endpoints.own },
    cache: {
      outcome: findCacheOutcome(String(answer['cache-status'])) ?? 'unknown',
      status,
      bytesSent: exchange.sentBytes,
      durationMs: finishedAtMs - exchange.startedAtMs,
      ...upstreamTime(answer),
      aborted: !response.writableFinished,
    },
  };
}

/** Rounded to milliseconds by the worker. */
function upstreamTime({ 'x-registry-cache-upstream-ms': ms }: IncomingHttpHeaders): { upstreamMs?: number } {
  return ms === undefined ? {} : { upstreamMs: Number(ms) };
}

function clientText(value = ''): string {
  return value.slice(0, MAX_CLIENT_TEXT);
}

function findTargetDigest(request: RegistryRequest, answer: IncomingHttpHeaders): Digest | undefined {
  if (request.kind === 'blob') return request.digest;
  if (request.kind !== 'manifest') return undefined;
  if (request.reference.kind === 'digest') return request.reference.digest;
  return findDigest(String(answer['docker-content-digest']));
}

/** Several ranges in one body have a type of their own, which is not the blob's. */
function mediaTypeOf(request: RegistryRequest, answer: IncomingHttpHeaders): string {
  const { 'content-type': contentType } = answer;
  return request.kind === 'blob' || contentType === undefined ? 'application/octet-stream' : contentType;
}

function tagOf(request: RegistryRequest): { tag?: string } {
  if (request.kind !== 'manifest' || request.reference.kind !== 'tag') return {};
  return { tag: request.reference.tag };
}

function repositoryOf({ upstream, request }: UpstreamRoute): string {
  return request.kind === 'base' ? upstream.name : `${upstream.name}/${request.name}`;
}

/** Of the whole blob or manifest, also where parts were sent; 0 where nobody says. */
function wholeSize(answer: IncomingHttpHeaders): number {
  return Number(answer['x-accel-length'] ?? answer['content-length'] ?? 0);
}
