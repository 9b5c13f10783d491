import type { History } from '@registry-cache/control';
import type { JSX } from 'preact';
import type { HistoryRange } from '../../cache.ts';
import { chartSteps, RANGES, rollUp, type HistorySum } from '../history-summary.ts';
import { linkTo } from '../links.ts';
import { formatBytes, formatCount, formatMoment, formatRatio } from '../quantities.ts';
import { Sparkline } from './sparkline.tsx';

export interface TrafficProps {
  readonly history: History;
  readonly range: HistoryRange;
  readonly nowMs: number;
}

/** Hit ratio and bytes over time. The drawings here are what is seen without JavaScript; with it, charts take their place. */
export function Traffic({ history, range, nowMs }: TrafficProps): JSX.Element {
  const { tableStepSeconds, spoken } = RANGES[range];
  const steps = chartSteps(history, range, nowMs);
  return (
    <section class="card traffic" id="traffic" data-history={linkTo('history', { range })}>
      <header>
        <h2>Traffic</h2>
        <nav class="segments" aria-label="Range of the charts">
          {(['day', 'month', 'year'] as const).map((name) => (
            <a
              key={name}
              href={linkTo('', { range: name === 'day' ? undefined : name })}
              aria-current={name === range ? 'true' : undefined}
            >
              {RANGES[name].label}
            </a>
          ))}
        </nav>
      </header>
      <div class="plots">
        <figure>
          <figcaption>
            <span class="key tone-saved">Hit ratio</span>
          </figcaption>
          <div class="plot" data-plot="ratio">
            <Sparkline values={steps.map(({ hitRatio }) => hitRatio)} max={1} tone="saved" />
          </div>
        </figure>
        <figure>
          <figcaption>
            <span class="key tone-saved">Saved</span>
            <span class="key tone-upstream">From upstreams</span>
          </figcaption>
          <div class="plot" data-plot="bytes">
            <Sparkline values={steps.map(({ savedBytes }) => savedBytes)} tone="saved" />
          </div>
        </figure>
      </div>
      <details>
        <summary>The {spoken} as a table</summary>
        <TrafficTable steps={rollUp(history, tableStepSeconds)} />
      </details>
    </section>
  );
}

function TrafficTable({ steps }: { readonly steps: readonly HistorySum[] }): JSX.Element {
  return (
    <div class="scroll tall" tabIndex={0} role="region" aria-label="Traffic as a table">
      <table>
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col" class="number">
              Requests
            </th>
            <th scope="col" class="number">
              Hit ratio
            </th>
            <th scope="col" class="number">
              Saved
            </th>
            <th scope="col" class="number">
              Fetched
            </th>
          </tr>
        </thead>
        <tbody>
          {steps.toReversed().map((step) => (
            <tr key={step.at}>
              <th scope="row">{formatMoment(step.at * 1000)}</th>
              <td class="number">{formatCount(step.requests)}</td>
              <td class="number">{formatRatio(step.hitRatio)}</td>
              <td class="number">{formatBytes(step.savedBytes)}</td>
              <td class="number">{formatBytes(step.upstreamBytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
