import type { AdminRequest, Visitor } from '../http/route.ts';
import { themeOf, type Theme } from './theme.ts';

/** What every page needs to know of the one who looks at it. */
export interface Visit {
  readonly visitor: Visitor;
  readonly query: URLSearchParams;
  /** The page's path and query, to come back to. */
  readonly here: string;
  readonly theme: Theme;
  /** For the forms of the page. */
  readonly formToken: string;
  /** Milliseconds of the wall clock. */
  readonly nowMs: number;
  readonly version: string;
}

export function visitOf(
  { path, query, headers, visitor }: AdminRequest,
  more: Pick<Visit, 'formToken' | 'nowMs' | 'version'>,
): Visit {
  const kept = new URLSearchParams(query);
  // What was just done is said once.
  for (const name of ['done', 'what']) kept.delete(name);
  const here = kept.size === 0 ? path : `${path}?${kept.toString()}`;
  return { visitor, query, here, theme: themeOf(headers), ...more };
}
