import type { JSX } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { CacheError, type CacheErrorCode } from '../cache.ts';
import type { AdminRequest, Answer } from '../http/route.ts';
import type { Assets } from './assets.ts';
import type { FormTokens } from './form-token.ts';
import { parseBack } from './links.ts';
import { ProblemPage } from './pages/problem-page.tsx';
import { visitOf, type Visit } from './visit.ts';

/** Has pages made for those who ask for them. */
export interface Scene {
  /** Answers by a page, also where what it needs cannot be had. */
  show(request: AdminRequest, answer: (visit: Visit) => Promise<Answer> | Answer): Promise<Answer>;
}

export interface SceneOptions {
  readonly assets: Assets;
  readonly tokens: FormTokens;
  readonly now: () => number;
  readonly version: () => string;
}

const STATUSES: Readonly<Record<CacheErrorCode, number>> = {
  INVALID: 400,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  UNAVAILABLE: 503,
};

export function createScene({ assets, tokens, now, version }: SceneOptions): Scene {
  return {
    async show(request, answer) {
      const formToken = tokens.create(request.visitor);
      const visit = visitOf(request, { formToken, nowMs: now(), version: version() });
      try {
        return await answer(visit);
      } catch (err) {
        if (!(err instanceof CacheError)) throw err;
        const back = parseBack(request.query.get('back'));
        return pageAnswer(ProblemPage({ problem: err.message, back, visit, assets }), STATUSES[err.code]);
      }
    },
  };
}

export function pageAnswer(page: JSX.Element, status = 200): Answer {
  return htmlAnswer(`<!doctype html>${renderToString(page)}`, status);
}

export function htmlAnswer(body: string, status = 200): Answer {
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body };
}

/** To be asked for by GET. @param cookie set on the way */
export function redirectTo(location: string, cookie?: string): Answer {
  return {
    status: 303,
    headers: { location, ...(cookie === undefined ? {} : { 'set-cookie': cookie }) },
    body: '',
  };
}
