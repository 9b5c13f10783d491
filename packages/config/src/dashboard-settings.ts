import type { LoadContext } from './load-context.ts';
import type { DashboardSettings, HtpasswdSettings } from './settings.ts';

/**
 * The dashboard on the port of clients, where `http.dashboard.enabled` asks for it.
 *
 * @param auth undefined also where it is wrong, which has been noted
 */
export function dashboardSettings(
  auth: HtpasswdSettings | undefined,
  { layered, findings }: LoadContext,
): DashboardSettings | undefined {
  const { http, auth: authSection } = layered.document;
  const { enabled = false, admins = [] } = http?.dashboard ?? {};
  if (!enabled) {
    if (admins.length > 0) {
      findings.warning(
        `${layered.label('http.dashboard.admins')} has no effect without http.dashboard.enabled: true`,
      );
    }
    return undefined;
  }
  if (authSection?.htpasswd === undefined) {
    findings.problem(
      layered.label('http.dashboard.enabled'),
      'expected auth.htpasswd beside it, since the dashboard on the port of clients is behind their login; without one use http.debug.addr',
    );
  }
  const unknown = auth === undefined ? [] : admins.filter((admin) => !Object.hasOwn(auth.users, admin));
  if (unknown.length > 0) {
    findings.warning(
      `${layered.label('http.dashboard.admins')}: ${unknown.join(', ')} cannot log in, as auth.htpasswd has no such user`,
    );
  }
  return { admins: [...new Set(admins)] };
}
