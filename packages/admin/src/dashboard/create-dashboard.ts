import type { Dashboard, DashboardOptions } from '../dashboard.ts';
import type { Route } from '../http/route.ts';
import { actionRoutes } from './actions.ts';
import { createAssets } from './assets.ts';
import { createFormTokens } from './form-token.ts';
import { pageRoutes } from './page-routes.ts';
import { createScene } from './scene.ts';
import { createWarmOutcomes } from './warm-outcomes.ts';

/** Pages are made here, with their data, and work without JavaScript: that only keeps them up to date, and draws charts. */
export function createDashboard({ cache, settings, now }: DashboardOptions): Dashboard {
  const assets = createAssets();
  const tokens = createFormTokens();
  const outcomes = createWarmOutcomes(now);
  const scene = createScene({ assets, tokens, now, version: () => settings().version });
  const pages: readonly Route[] = pageRoutes({ cache, outcomes, assets, scene });
  return { routes: [...pages, ...actionRoutes({ cache, outcomes, tokens, scene }), ...assets.routes] };
}
