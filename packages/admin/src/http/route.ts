import type { IncomingHttpHeaders } from 'node:http';

/** One entry of a table of routes; the API, health, metrics and the dashboard have a table each. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** `/api/v1/status`; ending in `/*` it stands for everything below, where no other route names it. */
  readonly path: string;
  /**
   * May throw a `CacheError`, which is answered as a `Problem` with its status. Anything else that is thrown is logged, and answered
   * by 500.
   */
  readonly handle: (request: AdminRequest) => Promise<Answer> | Answer;
}

/** HEAD is answered as GET without its body. POST and DELETE come only from those who may act: see `visitor.ts`. */
export interface AdminRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Without the query, as it was sent: not decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly visitor: Visitor;
  /** Aborted when the client has left, and when this process closes. */
  readonly signal: AbortSignal;
  /** The body as JSON of `application/json`; throws `INVALID` for anything else. */
  readJson(): Promise<unknown>;
  /** The body as a form of `application/x-www-form-urlencoded`; throws `INVALID` for anything else. */
  readForm(): Promise<URLSearchParams>;
}

/** Who asks. */
export interface Visitor {
  /** As the proxy has authenticated them; undefined where nobody has to log in. */
  readonly user: string | undefined;
  /** Why they may only look: a sentence for people; undefined where they may pin, warm, remove and clean. */
  readonly onlyLooks: string | undefined;
}

export interface Answer {
  readonly status: number;
  /** Besides those that every answer has, and over them. Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Pieces are sent as they come; the connection breaks where they fail. */
  readonly body: string | Buffer | AsyncIterable<string>;
}
