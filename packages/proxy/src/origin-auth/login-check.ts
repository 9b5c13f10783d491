import type { ProxyUpstream } from '@registry-cache/config';
import { LRUCache } from 'lru-cache';
import { text } from 'node:stream/consumers';
import { createTurns, type Turns } from '../auth/turns.ts';
import type { Exchange } from '../exchange.ts';
import { peerAddress } from '../peer-address.ts';
import type { SmallAnswer } from '../small-answer.ts';
import { originHeaders } from '../worker-link/request-headers.ts';
import type { WorkerLink } from '../worker-link/worker-link.ts';
import type { LoginGuard } from './login-guard.ts';

/** What an upstream says of an `Authorization`. */
export type LoginVerdict =
  | { readonly kind: 'right' }
  | { readonly kind: 'wrong' }
  /** It has not said: its worker's answer is the client's. */
  | { readonly kind: 'unknown'; readonly answer: SmallAnswer };

export interface LoginQuestion {
  readonly upstream: ProxyUpstream;
  readonly authorization: string;
  readonly user?: string;
}

/** Asks an upstream, by its worker, whether a client is who it says. */
export interface LoginCheck {
  /** @throws {RegistryError} `TOOMANYREQUESTS` when a password may be a guess, and what asking a worker throws */
  ofPassword(exchange: Exchange, question: LoginQuestion): Promise<LoginVerdict>;
  /** A token of the upstream's own. */
  ofToken(exchange: Exchange, question: LoginQuestion): Promise<LoginVerdict>;
}

export interface LoginCheckOptions {
  readonly workers: WorkerLink;
  readonly guard: LoginGuard;
}

// Of those that come at once, so many may be wrong before the first of them is known to be.
const MAX_CONCURRENT_GUESSES = 8;
const MAX_UPSTREAMS = 1000;
// What is left out is about a body, which another question has.
const PASSED_ON = ['content-type', 'retry-after'] as const;

export function createLoginCheck({ workers, guard }: LoginCheckOptions): LoginCheck {
  const turnsByUpstream = new LRUCache<string, Turns>({ max: MAX_UPSTREAMS });
  const turnsOf = (name: string): Turns => {
    const turns = turnsByUpstream.get(name) ?? createTurns(MAX_CONCURRENT_GUESSES);
    turnsByUpstream.set(name, turns);
    return turns;
  };

  return {
    ofPassword: async (exchange, question) => {
      const { upstream, authorization } = question;
      const login = { upstream: upstream.name, authorization };
      const address = peerAddress(exchange.request.socket);
      const ask = async (): Promise<LoginVerdict> => {
        if (guard.isRefused(login)) return { kind: 'wrong' };
        guard.admit(login, address);
        const verdict = await askWorker(workers, exchange, question);
        if (verdict.kind === 'right') guard.accepted(login);
        if (verdict.kind === 'wrong') guard.refused(login, address);
        return verdict;
      };
      return guard.isKnown(login) ? ask() : turnsOf(upstream.name).take(ask);
    },
    ofToken: (exchange, question) => askWorker(workers, exchange, question),
  };
}

async function askWorker(
  workers: WorkerLink,
  { request, response, requestId, askedAtMs, signal }: Exchange,
  { upstream, authorization, user }: LoginQuestion,
): Promise<LoginVerdict> {
  const { via } = request.headers;
  const headers = originHeaders(request, {
    requestId,
    address: peerAddress(request.socket),
    protocol: 'encrypted' in request.socket ? 'https' : 'http',
    authorization,
    ...(user === undefined ? {} : { user }),
    ...(via === undefined ? {} : { via }),
  });
  const answer = await workers.ask({
    socketPath: upstream.socketPath,
    method: 'GET',
    target: '/v2/',
    headers,
    askedAtMs,
    response,
    signal,
  });
  const body = await text(answer).catch((err: unknown) => {
    signal.throwIfAborted();
    throw err;
  });
  const status = answer.statusCode ?? 502;
  if (status === 200) return { kind: 'right' };
  if (status === 401) return { kind: 'wrong' };
  const kept = PASSED_ON.flatMap((name) => {
    const value = answer.headers[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { kind: 'unknown', answer: { status, headers: Object.fromEntries(kept), body } };
}
