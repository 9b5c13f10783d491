import { dashboardSettings } from './dashboard-settings.ts';
import { debugSettings } from './debug-settings.ts';
import type { Environment } from './environment.ts';
import type { LoadContext } from './load-context.ts';
import { notificationEndpoints } from './notification-endpoints.ts';
import type { HtpasswdSettings, Settings, UpstreamSettings } from './settings.ts';
import { telemetrySettings } from './telemetry.ts';
import { warmSettings } from './warm-rules.ts';

export interface OperationSources {
  readonly env: Environment;
  /** Who can log in; undefined also where that is wrong, which has been noted. */
  readonly auth: HtpasswdSettings | undefined;
  readonly upstreams: readonly UpstreamSettings[];
}

/** By which operators see what the cache does, and have it work ahead. */
export function operationSettings(
  { env, auth, upstreams }: OperationSources,
  context: LoadContext,
): Pick<Settings, 'debug' | 'dashboard' | 'warm' | 'notifications' | 'telemetry'> {
  const debug = debugSettings(context);
  const dashboard = dashboardSettings(auth, context);
  const telemetry = telemetrySettings(env, context.findings);
  return {
    ...(debug === undefined ? {} : { debug }),
    ...(dashboard === undefined ? {} : { dashboard }),
    warm: warmSettings(upstreams, context),
    notifications: notificationEndpoints(context),
    ...(telemetry === undefined ? {} : { telemetry }),
  };
}
