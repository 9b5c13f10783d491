import type { JSX } from 'preact';
import { renderToString } from 'preact-render-to-string';
import type { HistoryRange } from '../cache.ts';
import type { AdminRequest, Route } from '../http/route.ts';
import { parseRange } from './history-summary.ts';
import { linkTo } from './links.ts';
import { OverviewPage } from './pages/overview-page.tsx';
import type { PageRoutesOptions } from './page-routes.ts';
import { Figures } from './parts/figures.tsx';
import { Fills } from './parts/fills.tsx';
import { Live, renderPart, type LivePart } from './parts/live.tsx';
import { LoggedErrors } from './parts/logged-errors.tsx';
import { Upstreams } from './parts/upstreams.tsx';
import { htmlAnswer, pageAnswer } from './scene.ts';

type OverviewOptions = PageRoutesOptions;

const PARTS: readonly LivePart[] = ['figures', 'fills', 'upstreams', 'errors'];

/** The first page, and each of its parts that keep themselves up to date. */
export function overviewRoutes(options: OverviewOptions): readonly Route[] {
  const { cache, assets, scene } = options;
  return [
    {
      method: 'GET',
      path: linkTo(''),
      handle: (request) =>
        scene.show(request, async (visit) => {
          const { query, signal } = request;
          const range = parseRange(query.get('range'));
          const [status, history, { images }] = await Promise.all([
            cache.status(signal),
            cache.history(range, signal),
            cache.images('', signal),
          ]);
          const known = { status, history, range, nowMs: visit.nowMs, outcomes: options.outcomes.latest() };
          const parts = {
            figures: renderPart(<Figures {...known} />),
            fills: renderPart(<Fills {...known} />),
            upstreams: renderPart(<Upstreams {...known} upstreams={status.upstreams} />),
            errors: renderPart(<LoggedErrors {...known} errors={status.errors} />),
          };
          return pageAnswer(
            <OverviewPage {...known} images={images} parts={parts} visit={visit} assets={assets} />,
          );
        }),
    },
    ...PARTS.map((part): Route => ({
      method: 'GET',
      path: linkTo(`parts/${part}`),
      handle: (request) =>
        scene.show(request, async ({ nowMs }) => {
          const range = parseRange(request.query.get('range'));
          const content = renderPart(await makePart(part, { range, nowMs, request, options }));
          // htmx leaves the page as it is.
          if (request.query.get('seen') === content.fingerprint)
            return { status: 204, headers: {}, body: '' };
          const parameters = { range: range === 'day' ? undefined : range };
          return htmlAnswer(renderToString(<Live part={part} parameters={parameters} content={content} />));
        }),
    })),
  ];
}

interface MakePartOptions {
  readonly range: HistoryRange;
  readonly nowMs: number;
  readonly request: AdminRequest;
  readonly options: OverviewOptions;
}

async function makePart(
  part: LivePart,
  { range, nowMs, request: { signal }, options: { cache, outcomes } }: MakePartOptions,
): Promise<JSX.Element> {
  const status = await cache.status(signal);
  switch (part) {
    case 'figures':
      return (
        <Figures status={status} history={await cache.history(range, signal)} range={range} nowMs={nowMs} />
      );
    case 'fills':
      return <Fills status={status} outcomes={outcomes.latest()} nowMs={nowMs} />;
    case 'upstreams':
      return <Upstreams upstreams={status.upstreams} nowMs={nowMs} />;
    case 'errors':
      return <LoggedErrors errors={status.errors} nowMs={nowMs} />;
  }
}
