import type { ServerRequest } from './answer.ts';

/** A request that a server of the tests got, and what became of it. */
export interface RecordedRequest extends ServerRequest {
  /** Undefined before there is an answer. */
  readonly status: number | undefined;
  /** Bytes of the body so far. */
  readonly bytesSent: number;
  /** `aborted`: the connection was gone before the answer was complete. */
  readonly outcome: 'open' | 'complete' | 'aborted';
}

/** Which requests are meant; what is left out matches every one. */
export interface RequestMatch {
  readonly method?: string;
  /** The whole path, or a part of it that an expression finds. */
  readonly path?: string | RegExp;
}

export function matches(request: ServerRequest, { method, path }: RequestMatch): boolean {
  if (method !== undefined && method !== request.method) return false;
  if (path === undefined) return true;
  return typeof path === 'string' ? request.path === path : path.test(request.path);
}
