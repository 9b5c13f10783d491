import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { DamagedBlobError, type GuardedBlobReader } from './blob/guarded-reads.ts';
import { sendBlob } from './blob/send-blob.ts';
import type { Asker } from './decision.ts';
import type { Exchange } from './exchange.ts';
import { peerAddress } from './peer-address.ts';
import type { UpstreamRoute } from './url-shape.ts';
import { clientAnswerHeaders } from './worker-link/answer-headers.ts';
import { workerRequestHeaders } from './worker-link/request-headers.ts';
import { SUSPECT, type SuspectBlobs } from './worker-link/suspect-blobs.ts';
import type { NamedFile, NamedFiles } from './worker-link/named-files.ts';
import type { WorkerLink } from './worker-link/worker-link.ts';

export interface PullOptions {
  readonly workers: WorkerLink;
  readonly blobs: GuardedBlobReader;
  readonly files: NamedFiles;
  readonly suspects: Pick<SuspectBlobs, 'broken' | 'unopened'>;
  readonly asker: Asker;
  /** Told what the worker's answer says, before it is sent. */
  readonly onAnswer: (headers: IncomingHttpHeaders) => void;
}

const NO_ACCEL = { 'x-registry-cache-no-accel': '1' };

/**
 * Answers with what the upstream's worker says: with the file that the worker names, or with the worker's own bytes.
 *
 * 1. Ask the worker, unless it has named a file just now, and for longer than that.
 * 2. An answer without `X-Accel-Redirect` is streamed through.
 * 3. Otherwise the file is sent. The worker may have named it just before it was evicted, or the disk may have lost it: then the
 *    worker is asked again for the bytes themselves.
 */
export async function pull(exchange: Exchange, route: UpstreamRoute, options: PullOptions): Promise<void> {
  const { asker, files } = options;
  const question = `${exchange.method} ${route.upstream.name} ${targetOf(route)}`;
  let named = asker.origin === undefined ? files.find(question, exchange.startedAtMs) : undefined;
  if (named === undefined) {
    const answer = await ask(exchange, route, options);
    asker.origin?.onStatus?.(answer.statusCode ?? 502);
    named = findNamedFile(answer);
    if (named === undefined) return streamThrough(exchange, route, answer, options);
    // The answer has no body: read to its end, its connection is free for the next question.
    answer.resume();
    if (asker.origin === undefined) files.remember(question, named, exchange.startedAtMs);
  }
  const forget = (): void => files.forget(question);
  const askAgain = await sendNamed(exchange, route, named, { ...options, forget });
  if (askAgain === undefined) return;
  const bytes = await ask(exchange, route, options, askAgain);
  return streamThrough(exchange, route, bytes, options);
}

/**
 * Sends the file that an answer names. Where nothing of it could be sent, resolves with the headers to ask again with; a file that
 * fails further on has closed the connection short, and the client goes on from there.
 */
async function sendNamed(
  exchange: Exchange,
  route: UpstreamRoute,
  named: NamedFile,
  { blobs, suspects, onAnswer, forget }: PullOptions & { readonly forget: () => void },
): Promise<Readonly<Record<string, string>> | undefined> {
  const blob = await blobs.open(named.path).catch((err: unknown) => suspects.unopened(route, err));
  if (blob === undefined) {
    forget();
    return NO_ACCEL;
  }
  try {
    if (blob.sizeBytes !== named.sizeBytes) {
      throw new DamagedBlobError(`expected ${named.sizeBytes} bytes, got a file of ${blob.sizeBytes}`);
    }
    onAnswer({ ...named.headers, 'content-length': String(blob.sizeBytes) });
    await sendBlob(exchange, blob, headersForClient(exchange, route, named));
    return undefined;
  } catch (err) {
    if (!(err instanceof DamagedBlobError)) throw err;
    forget();
    suspects.broken(route, exchange.requestId, err);
    return exchange.response.headersSent ? undefined : { ...NO_ACCEL, ...SUSPECT };
  } finally {
    await blob.close();
  }
}

function ask(
  exchange: Exchange,
  route: UpstreamRoute,
  { workers, asker: { user, origin } }: PullOptions,
  more: Readonly<Record<string, string>> = {},
): Promise<IncomingMessage> {
  const { request, response, method, requestId, askedAtMs, signal } = exchange;
  const headers = workerRequestHeaders(request, {
    requestId,
    address: peerAddress(request.socket),
    protocol: 'encrypted' in request.socket ? 'https' : 'http',
    ...(user === undefined ? {} : { user }),
    ...(origin?.authorization === undefined ? {} : { authorization: origin.authorization }),
    ...(origin?.via === undefined ? {} : { via: origin.via }),
  });
  return workers.ask({
    socketPath: route.upstream.socketPath,
    method,
    target: targetOf(route),
    headers: { ...headers, ...more },
    askedAtMs,
    response,
    signal,
  });
}

function targetOf({ path, query }: UpstreamRoute): string {
  return query === '' ? path : `${path}?${query}`;
}

function findNamedFile({ statusCode, headers }: IncomingMessage): NamedFile | undefined {
  const path = headers['x-accel-redirect'];
  if (statusCode !== 200 || typeof path !== 'string') return undefined;
  return { path, sizeBytes: Number(headers['x-accel-length']), headers };
}

async function streamThrough(
  exchange: Exchange,
  route: UpstreamRoute,
  answer: IncomingMessage,
  { onAnswer, asker: { origin } }: PullOptions,
): Promise<void> {
  if (findNamedFile(answer) !== undefined) {
    answer.resume();
    throw new Error('worker names a file again where it was asked for the bytes');
  }
  onAnswer(answer.headers);
  const status = answer.statusCode ?? 502;
  if (origin !== undefined && status === 401) {
    exchange.response.setHeader('www-authenticate', origin.challenge);
  }
  await exchange.send(status, headersForClient(exchange, route, answer), answer);
}

function headersForClient(
  { response }: Exchange,
  route: UpstreamRoute,
  answer: Pick<IncomingMessage, 'headers'>,
): OutgoingHttpHeaders {
  const headers = clientAnswerHeaders(answer, route);
  // Set by this proxy for every answer, and kept in one form.
  for (const name of response.getHeaderNames()) delete headers[name];
  return headers;
}
