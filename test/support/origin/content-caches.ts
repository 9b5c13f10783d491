import { randomUUID } from 'node:crypto';
import { findByPassword } from '../upstream/accounts.ts';
import { errorAnswer, header, jsonAnswer, type Answer, type ServerRequest } from '../upstream/answer.ts';
import type { OriginPeople } from './origin-accounts.ts';

// Basic logins only. Documents of /api/v0, with errors as the registry's own, `{"errors":[{"code","message"}]}`:
//
// POST  content_caches               {"name":"region-asia","host":"https://cache:443"} -> 201 {"id","name","host"}
//                                    400 BAD_REQUEST, 401 UNAUTHORIZED, 403 DENIED unless an administrator, 409 CONFLICT
// GET   content_caches               -> 200 {"contentCaches":[{"id","name","host"}]}
// GET   accounts/<user>/settings     -> 200 {"contentCache":"region-asia"}; "" where the user chose none
// PATCH accounts/<user>/settings     {"contentCache":"region-asia"} -> 200 with the same; "" chooses none; also PUT and POST
//                                    400, 401, 403 for another's settings unless an administrator, 404 for an unknown user or cache

export interface ContentCache {
  readonly id: string;
  readonly name: string;
  /** `https://cache.example.com:443` */
  readonly host: string;
}

/** The caches that an origin was told of, and who pulls through which. */
export interface ContentCaches {
  register(name: string, host: string): ContentCache;
  /** @param name undefined for none */
  choose(user: string, name: string | undefined): void;
  findChosen(user: string): ContentCache | undefined;
}

/** The caches with the API that administrators and users manage them by. */
export interface ContentCachesApi extends ContentCaches {
  /** @returns undefined for a request that is not below `/api/v0` */
  answer(request: ServerRequest): Answer | undefined;
}

export function createContentCaches(
  { logins }: OriginPeople,
  administrators: readonly string[],
): ContentCachesApi {
  const caches = new Map<string, ContentCache>();
  const chosen = new Map<string, string>();
  const register = (name: string, host: string): ContentCache => {
    const cache = { id: randomUUID(), name, host };
    caches.set(name, cache);
    return cache;
  };

  const answerCaches = (request: ServerRequest, isAdministrator: boolean): Answer => {
    if (request.method === 'GET') return jsonAnswer(200, { contentCaches: [...caches.values()] });
    if (request.method !== 'POST') return methodNotAllowed();
    if (!isAdministrator) return denied('only administrators register content caches');
    const { name, host } = parseDocument(request.body);
    if (typeof name !== 'string' || name === '' || typeof host !== 'string' || !/^https?:\/\/./.test(host))
      return errorAnswer(400, 'BAD_REQUEST', 'expected {"name":"…","host":"https://…"}');
    if (caches.has(name)) return errorAnswer(409, 'CONFLICT', 'a content cache of that name exists');
    return jsonAnswer(201, register(name, host));
  };
  const answerSettings = (request: ServerRequest, user: string): Answer => {
    if (!logins().accounts.some(({ username }) => username === user))
      return errorAnswer(404, 'NO_SUCH_ACCOUNT', 'no such account');
    if (request.method !== 'GET') {
      if (!['PATCH', 'PUT', 'POST'].includes(request.method)) return methodNotAllowed();
      const { contentCache } = parseDocument(request.body);
      if (typeof contentCache !== 'string')
        return errorAnswer(400, 'BAD_REQUEST', 'expected {"contentCache":"…"}');
      if (contentCache !== '' && !caches.has(contentCache))
        return errorAnswer(404, 'NO_SUCH_CONTENT_CACHE', 'no content cache of that name');
      chosen.set(user, contentCache);
    }
    return jsonAnswer(200, { contentCache: chosen.get(user) ?? '' });
  };
  return {
    register,
    choose: (user, name = '') => void chosen.set(user, name),
    findChosen: (user) => caches.get(chosen.get(user) ?? ''),

    answer(request) {
      const endpoint = /^\/api\/v0\/(?:content_caches|accounts\/([^/]+)\/settings)$/.exec(request.path);
      if (endpoint === null) {
        return request.path.startsWith('/api/') ? errorAnswer(404, 'NOT_FOUND', 'no such page') : undefined;
      }
      const login = findByPassword(logins(), header(request, 'authorization'));
      if (login === undefined) return errorAnswer(401, 'UNAUTHORIZED', 'invalid username or password');
      const isAdministrator = administrators.includes(login.username);
      if (endpoint[1] === undefined) return answerCaches(request, isAdministrator);
      const user = decodeURIComponent(endpoint[1]);
      if (user !== login.username && !isAdministrator) return denied('these are the settings of another');
      return answerSettings(request, user);
    },
  };
}

function parseDocument(body: string): Readonly<Record<string, unknown>> {
  try {
    const document: unknown = JSON.parse(body);
    return typeof document === 'object' && document !== null ? { ...document } : {};
  } catch (err) {
    if (err instanceof SyntaxError) return {};
    throw err;
  }
}

function denied(message: string): Answer {
  return errorAnswer(403, 'DENIED', message);
}

function methodNotAllowed(): Answer {
  return errorAnswer(405, 'UNSUPPORTED', 'method not allowed');
}
