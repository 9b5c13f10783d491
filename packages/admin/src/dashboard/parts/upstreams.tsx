import type { UpstreamStatus } from '@registry-cache/control';
import type { JSX } from 'preact';
import { linkTo } from '../links.ts';
import { formatAge, formatBytes, formatCount, formatDuration, formatRatio } from '../quantities.ts';

export interface UpstreamsProps {
  readonly upstreams: readonly UpstreamStatus[];
  readonly nowMs: number;
}

/** The registries that images come from, those that are used most first. */
export function Upstreams({ upstreams, nowMs }: UpstreamsProps): JSX.Element {
  const byUse = upstreams.toSorted(
    (a, b) =>
      Number(isUnwell(b)) - Number(isUnwell(a)) ||
      b.traffic.clientBytes - a.traffic.clientBytes ||
      a.name.localeCompare(b.name),
  );
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Upstream</th>
            <th scope="col" class="number">
              Hit ratio
            </th>
            <th scope="col" class="number">
              Saved
            </th>
            <th scope="col" class="number wide">
              Fetched
            </th>
            <th scope="col" class="number wide">
              Rate limit
            </th>
          </tr>
        </thead>
        <tbody>
          {byUse.map((upstream) => (
            <UpstreamRow key={upstream.name} upstream={upstream} nowMs={nowMs} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function isUnwell({ state }: UpstreamStatus): boolean {
  return state !== 'up' && state !== 'idle';
}

const TONES: Readonly<Record<UpstreamStatus['state'], string>> = {
  up: 'good',
  idle: 'idle',
  restarting: 'warn',
  limited: 'warn',
  down: 'bad',
};

function UpstreamRow({
  upstream,
  nowMs,
}: {
  readonly upstream: UpstreamStatus;
  readonly nowMs: number;
}): JSX.Element {
  const { name, state, traffic } = upstream;
  return (
    <tr>
      <th scope="row">
        <span class={`dot ${TONES[state]}`} />
        <a id={`upstream-${name}`} href={linkTo('images', { q: `${name}/` })}>
          {name}
        </a>{' '}
        <span class="muted">{state}</span>
        {upstream.problem !== undefined && (
          <p class="note problem">
            {upstream.problem}
            {upstream.askedAgainAtMs === undefined
              ? ''
              : `, asked again ${formatAge(upstream.askedAgainAtMs, nowMs)}`}
          </p>
        )}
      </th>
      <td class="number">{formatRatio(traffic.hitRatio)}</td>
      <td class="number">{formatBytes(traffic.savedBytes)}</td>
      <td class="number wide">{formatBytes(traffic.upstreamBytes)}</td>
      <td class="number wide">{describeRateLimit(upstream)}</td>
    </tr>
  );
}

function describeRateLimit({ rateLimit }: UpstreamStatus): string {
  if (rateLimit === undefined) return '–';
  const { remaining, windowSeconds } = rateLimit;
  const window = windowSeconds === undefined ? '' : ` in ${formatDuration(windowSeconds * 1000)}`;
  return `${formatCount(remaining)} left${window}`;
}
