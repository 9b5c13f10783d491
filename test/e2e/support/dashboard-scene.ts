import { startCachedUpstream, type CachedUpstream } from '../../support/cached-upstream.ts';
import type { CloseLater } from '../../support/close-at-end.ts';
import { findFreePort } from '../../support/free-port.ts';
import { startBrowser, type DashboardBrowser } from './dashboard-browser.ts';

/** Of amy, who may act on the port of clients, and of bob, who may look. */
export const PASSWORD = 'correct horse';
const PASSWORD_HASH = '$2y$04$zdXZpOiwDhr5jgN8TaqDE.jduDMzJqw7jjFh9lIkyR9anxWKH0eGC';

/** A cache that shows its dashboard at both places, and a browser that may go to these alone. */
export interface DashboardScene extends CachedUpstream {
  /** Of the debug address, where nobody logs in. */
  readonly debugOrigin: string;
  readonly browser: DashboardBrowser;
}

export async function setDashboardScene(closeLater: CloseLater): Promise<DashboardScene> {
  const debugPort = await findFreePort();
  const pair = await startCachedUpstream(closeLater, {
    htpasswd: `amy:${PASSWORD_HASH}\nbob:${PASSWORD_HASH}\n`,
    env: {
      REGISTRY_HTTP_DEBUG_ADDR: `127.0.0.1:${debugPort}`,
      REGISTRY_HTTP_DASHBOARD_ENABLED: 'true',
      REGISTRY_HTTP_DASHBOARD_ADMINS: 'amy',
    },
  });
  const debugOrigin = `http://127.0.0.1:${debugPort}`;
  const browser = closeLater(await startBrowser([debugOrigin, pair.cache.origin]));
  return { ...pair, client: pair.cache.client(`amy:${PASSWORD}`), debugOrigin, browser };
}
