import type { DiskStatus, History, Status } from '@registry-cache/control';
import type { ComponentChildren, JSX } from 'preact';
import type { HistoryRange } from '../../cache.ts';
import { chartSteps, RANGES, sumUp } from '../history-summary.ts';
import { formatBytes, formatCounted, formatRatio } from '../quantities.ts';
import { DiskBar } from './disk-bar.tsx';
import { Sparkline } from './sparkline.tsx';

export interface FiguresProps {
  readonly status: Status;
  readonly history: History;
  readonly range: HistoryRange;
  readonly nowMs: number;
}

/** What the cache is good for, in four numbers. */
export function Figures({ status, history, range, nowMs }: FiguresProps): JSX.Element {
  const { spoken } = RANGES[range];
  const steps = chartSteps(history, range, nowMs);
  const total = sumUp(0, history.points);
  return (
    <div class="figures">
      <Figure
        name="Hit ratio"
        value={formatRatio(total.hitRatio)}
        note={`${formatCounted(total.requests, 'request')}, ${spoken}`}
      >
        <Sparkline values={steps.map(({ hitRatio }) => hitRatio)} max={1} tone="saved" />
      </Figure>
      <Figure
        name="Saved"
        value={formatBytes(total.savedBytes)}
        note={`of ${formatBytes(total.clientBytes)} sent to clients`}
      >
        <Sparkline values={steps.map(({ savedBytes }) => savedBytes)} tone="saved" />
      </Figure>
      <Figure name="From upstreams" value={formatBytes(total.upstreamBytes)} note={`fetched, ${spoken}`}>
        <Sparkline values={steps.map(({ upstreamBytes }) => upstreamBytes)} tone="upstream" />
      </Figure>
      <DiskFigure disk={status.disk} />
    </div>
  );
}

function DiskFigure({ disk }: { readonly disk: DiskStatus }): JSX.Element {
  const { usedBytes, maxSizeBytes, pinnedBytes, thresholdBytes } = disk;
  const value = usedBytes === undefined ? 'measuring…' : formatBytes(usedBytes);
  return (
    <Figure name="Disk" value={value} note={`cleaned above ${formatBytes(thresholdBytes)}`}>
      <DiskBar disk={disk} />
      <p class="note keys">
        <span class="key tone-pinned">{formatBytes(pinnedBytes ?? 0)} pinned</span>
        <span class="key tone-limit">limit {formatBytes(maxSizeBytes)}</span>
      </p>
    </Figure>
  );
}

interface FigureProps {
  readonly name: string;
  readonly value: string;
  readonly note: string;
  readonly children: ComponentChildren;
}

function Figure({ name, value, note, children }: FigureProps): JSX.Element {
  return (
    <section class="card figure">
      <h2>{name}</h2>
      <p class="value">{value}</p>
      <p class="note">{note}</p>
      {children}
    </section>
  );
}
