import type { AdminSettings } from '@registry-cache/config';
import type { Cache } from '../cache.ts';
import { textAnswer } from '../http/answers.ts';
import type { Route } from '../http/route.ts';

/** `/healthz` says that this process lives, `/readyz` whether pulls are answered, and what is not well. */
export function createHealthRoutes(cache: Cache): readonly Route[] {
  return [
    { method: 'GET', path: '/healthz', handle: () => textAnswer('ok\n') },
    {
      method: 'GET',
      path: '/readyz',
      async handle({ signal }) {
        const problems = await cache.problems(signal);
        if (problems.length === 0) return textAnswer('ok\n');
        return textAnswer(`${problems.join('\n')}\n`, 503);
      },
    },
  ];
}

/** Nothing where the settings want no metrics. @see distribution, "debug" */
export function createMetricsRoutes(cache: Cache, { debug }: AdminSettings): readonly Route[] {
  if (debug?.metricsPath === undefined) return [];
  return [
    {
      method: 'GET',
      path: debug.metricsPath,
      handle: async ({ signal }) => ({
        status: 200,
        headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
        body: await cache.metrics(signal),
      }),
    },
  ];
}
