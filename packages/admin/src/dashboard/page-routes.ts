import type { PinList } from '@registry-cache/control';
import { CacheError, type Cache } from '../cache.ts';
import type { AdminRequest, Answer, Route } from '../http/route.ts';
import type { Assets } from './assets.ts';
import { chartSteps, parseRange, toColumns } from './history-summary.ts';
import { parseImageSearch, searchImages } from './image-search.ts';
import { DASHBOARD, linkTo, parseBack } from './links.ts';
import { ImagePage } from './pages/image-page.tsx';
import { ImagesPage, Results } from './pages/images-page.tsx';
import { overviewRoutes } from './overview-routes.tsx';
import { PinsPage } from './pages/pins-page.tsx';
import { RemovePage } from './pages/remove-page.tsx';
import { htmlAnswer, pageAnswer, redirectTo, type Scene } from './scene.ts';
import { parseTheme, themeCookie } from './theme.ts';
import type { Visit } from './visit.ts';
import type { WarmOutcomes } from './warm-outcomes.ts';
import { renderToString } from 'preact-render-to-string';

export interface PageRoutesOptions {
  readonly cache: Cache;
  readonly outcomes: Pick<WarmOutcomes, 'latest'>;
  readonly assets: Assets;
  readonly scene: Scene;
}

/** What is looked at; nothing here changes anything but the colours. */
export function pageRoutes(options: PageRoutesOptions): readonly Route[] {
  const { cache, assets, scene } = options;
  const page = (name: string, answer: (visit: Visit, request: AdminRequest) => Promise<Answer>): Route => ({
    method: 'GET',
    path: linkTo(name),
    handle: (request) => scene.show(request, (visit) => answer(visit, request)),
  });
  return [
    { method: 'GET', path: '/dashboard', handle: () => redirectTo(DASHBOARD) },
    page('*', async () => {
      throw new CacheError('NOT_FOUND', 'there is no such page');
    }),
    ...overviewRoutes(options),
    page('images', (visit, request) => showImages(visit, request, options)),
    page('image', async (visit, { query, signal }) => {
      const [inspection, pins] = await Promise.all([
        cache.inspect(query.get('name') ?? '', signal),
        cache.pins(),
      ]);
      return pageAnswer(ImagePage({ inspection, ownPins: ownPinsOf(pins), visit, assets }));
    }),
    page('pins', async (visit) => pageAnswer(PinsPage({ pins: (await cache.pins()).pins, visit, assets }))),
    page('remove', async (visit, { query, signal }) => {
      const inspection = await cache.inspect(query.get('name') ?? '', signal);
      return pageAnswer(RemovePage({ inspection, back: parseBack(query.get('back')), visit, assets }));
    }),
    {
      method: 'GET',
      path: linkTo('theme'),
      handle: ({ query }) =>
        redirectTo(parseBack(query.get('back')), themeCookie(parseTheme(query.get('theme')))),
    },
    page('history', async ({ nowMs }, { query, signal }) => {
      const range = parseRange(query.get('range'));
      const columns = toColumns(chartSteps(await cache.history(range, signal), range, nowMs));
      const headers = { 'content-type': 'application/json; charset=utf-8' };
      return { status: 200, headers, body: JSON.stringify(columns) };
    }),
  ];
}

async function showImages(
  visit: Visit,
  { query, headers, signal }: AdminRequest,
  { cache, assets }: PageRoutesOptions,
): Promise<Answer> {
  const [{ images }, pins] = await Promise.all([cache.images('', signal), cache.pins()]);
  const search = parseImageSearch(query);
  const props = { found: searchImages(images, search), search, ownPins: ownPinsOf(pins), visit };
  // One who writes into the search box has the rest of the page already.
  if (headers['hx-target'] === 'results') return htmlAnswer(renderToString(Results(props)));
  return pageAnswer(ImagesPage({ ...props, assets }));
}

function ownPinsOf({ pins }: PinList): ReadonlySet<string> {
  return new Set(pins.filter(({ from }) => from === 'command').map(({ pattern }) => pattern));
}
