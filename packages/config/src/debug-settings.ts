import { InvalidValueError, quote } from './config-error.ts';
import { DEFAULT_PORT } from './defaults.ts';
import { isAnyAddress, isLoopback, type ListenAddress } from './listen-address.ts';
import type { LoadContext } from './load-context.ts';
import type { DebugSettings } from './settings.ts';
import { text } from './value-parsers.ts';

export const DEBUG_ACTIONS: readonly DebugSettings['actions'][] = ['loopback', 'anywhere', 'nowhere'];

/** As in distribution. */
const DEFAULT_METRICS_PATH = '/metrics';

/** What else is at that address. */
const TAKEN_PATH = /^\/(?:healthz$|readyz$|(?:api|dashboard)(?:\/|$))/;

/** @throws {InvalidValueError} */
export function parseMetricsPath(input: unknown): string {
  const path = text(input).trim();
  if (!/^\/[\w.~/-]+$/.test(path)) {
    throw new InvalidValueError(`expected a path such as ${DEFAULT_METRICS_PATH}, got ${quote(path)}`);
  }
  if (TAKEN_PATH.test(path)) {
    throw new InvalidValueError(
      `expected a path such as ${DEFAULT_METRICS_PATH}, got ${path}, where something else is`,
    );
  }
  return path;
}

/** The address for operators, where `http.debug.addr` asks for one. */
export function debugSettings(context: LoadContext): DebugSettings | undefined {
  const { layered, findings } = context;
  const section = layered.document.http?.debug ?? {};
  if (section.addr === undefined) {
    for (const key of ['prometheus.path', 'actions'] as const) {
      const given = key === 'actions' ? section.actions : section.prometheus?.path;
      if (given === undefined) continue;
      findings.warning(
        `${layered.label(`http.debug.${key}`)} has no effect: http.debug.addr says where to listen`,
      );
    }
    return undefined;
  }
  const { addr, prometheus = {}, actions = 'loopback' } = section;
  checkAddress(addr, actions, context);
  return {
    host: addr.host,
    port: addr.port,
    ...(prometheus.enabled === false ? {} : { metricsPath: prometheus.path ?? DEFAULT_METRICS_PATH }),
    actions,
  };
}

function checkAddress(
  addr: ListenAddress,
  actions: DebugSettings['actions'],
  { layered, findings }: LoadContext,
): void {
  const label = layered.label('http.debug.addr');
  const main = layered.document.http?.addr ?? { host: '', port: DEFAULT_PORT };
  if (collide(addr, main)) {
    findings.problem(
      label,
      `expected another address than that of clients, http.addr, got port ${addr.port}`,
    );
  }
  if (actions === 'anywhere' && !isLoopback(addr.host)) {
    findings.warning(
      `whoever reaches ${label} may pin, warm and remove images without a login, as http.debug.actions is anywhere: ` +
        'listen on 127.0.0.1, or let only those reach it who may',
    );
  }
}

function collide(a: ListenAddress, b: ListenAddress): boolean {
  if (a.port !== b.port || a.port === 0) return false;
  return a.host.toLowerCase() === b.host.toLowerCase() || isAnyAddress(a.host) || isAnyAddress(b.host);
}
