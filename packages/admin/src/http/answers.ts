import type { Problem } from '@registry-cache/control';
import { CacheError, type CacheErrorCode } from '../cache.ts';
import type { Answer } from './route.ts';

export function jsonAnswer(value: unknown, status = 200): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: `${JSON.stringify(value)}\n`,
  };
}

export function textAnswer(text: string, status = 200): Answer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: text };
}

export function problemAnswer(
  status: number,
  problem: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const answer = jsonAnswer({ problem } satisfies Problem, status);
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

const STATUS: Readonly<Record<CacheErrorCode, number>> = {
  INVALID: 400,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  UNAVAILABLE: 503,
};

/** Undefined for what is no problem of the question. */
export function findErrorAnswer(error: unknown): Answer | undefined {
  return error instanceof CacheError ? problemAnswer(STATUS[error.code], error.message) : undefined;
}
