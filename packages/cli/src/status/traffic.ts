import type { RateLimitStatus, Status, Traffic, UpstreamStatus } from '@registry-cache/control';
import { formatBytes, formatCount } from '../terminal/quantities.ts';
import { formatTable, type Column } from '../terminal/table.ts';
import type { Style, Terminal } from '../terminal/terminal.ts';
import { findSpan, formatAhead } from '../terminal/time-spans.ts';

const COLUMNS: readonly Column[] = [
  { title: 'NAME', align: 'left' },
  { title: 'STATE', align: 'left' },
  { title: 'HITS', align: 'right' },
  { title: 'REQUESTS', align: 'right' },
  { title: 'TO CLIENTS', align: 'right' },
  { title: 'FROM UPSTREAM', align: 'right' },
  { title: 'SAVED', align: 'right' },
];

const STATE_STYLES: Readonly<Record<UpstreamStatus['state'], Style>> = {
  up: 'green',
  idle: 'dim',
  limited: 'yellow',
  restarting: 'yellow',
  down: 'red',
};

/** Of all upstreams together. */
export function formatTraffic({ traffic }: Pick<Status, 'traffic'>, terminal: Terminal): string[] {
  const requests = requestsOf(traffic);
  if (requests === 0) return ['traffic   none yet'];
  const { clientBytes, upstreamBytes, savedBytes } = traffic;
  const saved = terminal.style('bold', `${formatBytes(savedBytes)} saved`);
  return [
    `traffic   ${formatHitRatio(traffic)} hits of ${formatCount(requests, 'request')}`,
    `          ${formatBytes(clientBytes)} to clients, ${formatBytes(upstreamBytes)} from upstreams: ${saved}`,
  ];
}

/** One line each, and further ones below for what is wrong with it. */
export function formatUpstreams(
  upstreams: readonly UpstreamStatus[],
  terminal: Terminal,
  nowMs: number,
): string[] {
  if (upstreams.length === 0) return ['none: every pull is answered 404 until the pull secret names one'];
  const [title = '', ...lines] = formatTable(
    COLUMNS,
    upstreams.map((upstream) => cellsOf(upstream, terminal)),
  );
  return [
    terminal.style('dim', title),
    ...lines.flatMap((line, index) => {
      const upstream = upstreams[index];
      return upstream === undefined ? [line] : [line, ...remarksOn(upstream, nowMs)];
    }),
  ];
}

function cellsOf({ name, state, traffic }: UpstreamStatus, terminal: Terminal): string[] {
  const requests = requestsOf(traffic);
  const bytes = (value: number): string => (requests === 0 && value === 0 ? '-' : formatBytes(value));
  return [
    name,
    terminal.style(STATE_STYLES[state], state),
    formatHitRatio(traffic),
    requests === 0 ? '-' : String(requests),
    bytes(traffic.clientBytes),
    bytes(traffic.upstreamBytes),
    bytes(traffic.savedBytes),
  ];
}

function remarksOn({ problem, askedAgainAtMs, rateLimit }: UpstreamStatus, nowMs: number): string[] {
  const again = askedAgainAtMs === undefined ? '' : `; asked again ${formatAhead(askedAgainAtMs, nowMs)}`;
  return [
    ...(problem === undefined ? [] : [`  ${problem}${again}`]),
    ...(rateLimit === undefined ? [] : [`  ${formatRateLimit(rateLimit)}`]),
  ];
}

function formatRateLimit({ remaining, windowSeconds }: RateLimitStatus): string {
  const window = windowSeconds === undefined ? undefined : findSpan(windowSeconds * 1000);
  return `rate limit: ${formatCount(remaining, 'request')} left${window === undefined ? '' : ` in ${window}`}`;
}

function formatHitRatio({ hitRatio }: Traffic): string {
  if (hitRatio === undefined) return '-';
  // 100 % is what has no miss at all.
  const percent = hitRatio < 1 ? Math.min(99.9, Math.round(hitRatio * 1000) / 10) : 100;
  return `${percent} %`;
}

function requestsOf({ requests }: Traffic): number {
  return Object.values(requests).reduce((sum, count) => sum + count, 0);
}
