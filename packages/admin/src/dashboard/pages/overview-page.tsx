import type { History, ListedImage, Status } from '@registry-cache/control';
import type { JSX } from 'preact';
import type { HistoryRange } from '../../cache.ts';
import type { Assets } from '../assets.ts';
import { nextToGo } from '../image-search.ts';
import { Layout } from '../parts/layout.tsx';
import { Live, type LivePart, type RenderedPart } from '../parts/live.tsx';
import { NextToGo } from '../parts/next-to-go.tsx';
import { Traffic } from '../parts/traffic.tsx';
import { formatBytes, formatCounted, formatDuration } from '../quantities.ts';
import type { Visit } from '../visit.ts';

export interface OverviewPageProps {
  readonly status: Status;
  readonly history: History;
  readonly range: HistoryRange;
  readonly images: readonly ListedImage[];
  readonly parts: Readonly<Record<LivePart, RenderedPart>>;
  readonly visit: Visit;
  readonly assets: Assets;
}

const NEXT_SHOWN = 6;

export function OverviewPage(props: OverviewPageProps): JSX.Element {
  const { status, history, range, images, parts, visit, assets } = props;
  return (
    <Layout title="Overview" current="overview" visit={visit} assets={assets}>
      <div class="page-head">
        <h1>Overview</h1>
        <p class="muted">{describeCache(status, visit.nowMs)}</p>
      </div>
      <Live
        part="figures"
        parameters={{ range: range === 'day' ? undefined : range }}
        content={parts.figures}
      />
      <Traffic history={history} range={range} nowMs={visit.nowMs} />
      <div class="columns">
        <section class="card">
          <h2>Being fetched now</h2>
          <p class="visually-hidden" role="status" id="fills-said" />
          <div class="steady">
            <Live part="fills" content={parts.fills} />
          </div>
        </section>
        <section class="card">
          <h2>Upstreams</h2>
          <Live part="upstreams" content={parts.upstreams} />
        </section>
        <NextToGo images={nextToGo(images, NEXT_SHOWN)} disk={status.disk} nowMs={visit.nowMs} />
        <section class="card">
          <h2>Last errors</h2>
          <Live part="errors" content={parts.errors} />
        </section>
      </div>
    </Layout>
  );
}

function describeCache({ address, startedAtMs, processes }: Status, nowMs: number): string {
  const asleep = processes.filter(({ state }) => state === 'asleep').length;
  const ended = processes.filter(({ state }) => state === 'ended').length;
  const memory = processes.reduce((sum, { residentBytes = 0 }) => sum + residentBytes, 0);
  return [
    address,
    `up ${formatDuration(nowMs - startedAtMs)}`,
    formatCounted(processes.length - asleep - ended, 'process', 'processes'),
    ...(asleep === 0 ? [] : [`${asleep} asleep`]),
    ...(ended === 0 ? [] : [`${ended} ended`]),
    ...(memory === 0 ? [] : [`${formatBytes(memory)} of memory`]),
  ].join(' · ');
}
