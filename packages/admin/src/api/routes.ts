import type { Cache } from '../cache.ts';
import { CacheError } from '../cache.ts';
import { jsonAnswer } from '../http/answers.ts';
import type { AdminRequest, Route } from '../http/route.ts';
import { parseClean, parseNumber, parsePin, parseRange, parseWarm } from './parse-requests.ts';
import { ndjsonAnswer } from './ndjson-answer.ts';

/** The API of `@registry-cache/control`. */
export function createApiRoutes(cache: Cache): readonly Route[] {
  return [...readingRoutes(cache), ...changingRoutes(cache)];
}

function readingRoutes(cache: Cache): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/status',
      handle: async ({ signal }) => jsonAnswer(await cache.status(signal)),
    },
    {
      method: 'GET',
      path: '/api/v1/images',
      handle: async ({ query, signal }) => jsonAnswer(await cache.images(query.get('prefix') ?? '', signal)),
    },
    {
      method: 'GET',
      path: '/api/v1/image',
      handle: async (request) => jsonAnswer(await cache.inspect(nameIn(request), request.signal)),
    },
    { method: 'GET', path: '/api/v1/pins', handle: async () => jsonAnswer(await cache.pins()) },
    {
      method: 'GET',
      path: '/api/v1/log',
      handle: async ({ query, signal }) =>
        jsonAnswer(await cache.log(parseNumber(query.get('after') ?? '0'), signal)),
    },
    {
      method: 'GET',
      path: '/api/v1/history',
      handle: async ({ query, signal }) =>
        jsonAnswer(await cache.history(parseRange(query.get('range') ?? 'day'), signal)),
    },
  ];
}

function changingRoutes(cache: Cache): readonly Route[] {
  return [
    {
      method: 'DELETE',
      path: '/api/v1/image',
      handle: async (request) => jsonAnswer(await cache.remove(nameIn(request), request.signal)),
    },
    {
      method: 'POST',
      path: '/api/v1/pins',
      async handle(request) {
        const { pattern } = parsePin(await request.readJson());
        const isNew = await cache.pin(pattern);
        return jsonAnswer(await cache.pins(), isNew ? 201 : 200);
      },
    },
    {
      method: 'DELETE',
      path: '/api/v1/pins',
      async handle(request) {
        await cache.unpin(parsePin(await request.readJson()).pattern);
        return jsonAnswer(await cache.pins());
      },
    },
    {
      method: 'POST',
      path: '/api/v1/clean',
      async handle(request) {
        const { dryRun } = parseClean(await request.readJson());
        return jsonAnswer(await cache.clean(dryRun, request.signal));
      },
    },
    {
      method: 'POST',
      path: '/api/v1/warm',
      handle: async (request) =>
        ndjsonAnswer(cache.warm(parseWarm(await request.readJson()), request.signal)),
    },
  ];
}

function nameIn({ query }: AdminRequest): string {
  const name = query.get('name');
  if (name === null) throw new CacheError('INVALID', 'expected ?name=quay.io/org/app:1.0');
  return name;
}
