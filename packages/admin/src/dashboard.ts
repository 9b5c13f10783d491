import type { AdminSettings } from '@registry-cache/config';
import type { Cache } from './cache.ts';
import type { Route } from './http/route.ts';

/**
 * The web page for people. All of it is below `/dashboard/`, which is where the proxy forwards from; `GET /` of the debug address
 * redirects there. Every answer already carries `content-security-policy: default-src 'self'…`, `nosniff` and `cache-control: no-store`
 * (see `security-headers.ts`): a route may set its own over them, such as a longer `cache-control` for a file that never changes.
 */
export interface Dashboard {
  readonly routes: readonly Route[];
}

export interface DashboardOptions {
  readonly cache: Cache;
  /** Called for each page: settings may have changed. */
  readonly settings: () => AdminSettings;
  readonly now: () => number;
}
