import type { AdminSettings } from '@registry-cache/config';
import type { Logger } from '@registry-cache/runtime';
import { createHealthRoutes, createMetricsRoutes } from './api/health-routes.ts';
import { createApiRoutes } from './api/routes.ts';
import type { Cache } from './cache.ts';
import type { DashboardOptions } from './dashboard.ts';
import type { Route } from './http/route.ts';
import { createRouter, type RequestListener } from './http/router.ts';
import { debugVisitor, findForeignHostProblem, ownerVisitor, proxiedVisitor } from './http/visitors.ts';

export interface FaceOptions {
  readonly settings: () => AdminSettings;
  readonly log: Logger;
  readonly now: () => number;
  /** Told of each request, and by the function that it returns of the end of its answer. */
  readonly onRequest: () => () => void;
  readonly closing: AbortSignal;
}

/** What is answered where, and whom. */
export function createFaces(
  cache: Cache,
  { settings, now, ...common }: FaceOptions,
): Readonly<Record<'control' | 'proxied' | 'debug', RequestListener>> {
  const api = createApiRoutes(cache);
  const health = createHealthRoutes(cache);
  let pages: Promise<readonly Route[]> | undefined;
  const dashboard = (): Promise<readonly Route[]> => (pages ??= loadDashboard({ cache, settings, now }));
  const debugRoutes = async (): Promise<readonly Route[]> => [
    ...api,
    ...health,
    ...createMetricsRoutes(cache, settings()),
    ...(await dashboard()),
    toDashboard,
  ];
  return {
    control: createRouter({ routes: () => api, visitorOf: ownerVisitor, ...common }),
    proxied: createRouter({ routes: dashboard, visitorOf: proxiedVisitor, ...common }),
    debug: createRouter({
      routes: debugRoutes,
      visitorOf: (request) => debugVisitor(request, settings().debug?.actions ?? 'nowhere'),
      refuse: (request) => {
        const { debug } = settings();
        return debug && findForeignHostProblem(request, debug);
      },
      ...common,
    }),
  };
}

/** The command line, which wakes this process and waits for it, needs no pages. */
async function loadDashboard(options: DashboardOptions): Promise<readonly Route[]> {
  const { createDashboard } = await import('./dashboard/create-dashboard.ts');
  return createDashboard(options).routes;
}

const toDashboard: Route = {
  method: 'GET',
  path: '/',
  handle: () => ({ status: 302, headers: { location: '/dashboard/' }, body: '' }),
};
