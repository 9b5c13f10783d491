import { basicAuthorization } from '@registry-cache/oci';
import type { HttpAnswer, HttpRequest, Send } from '../network/http-client.ts';
import { findErrorMessage } from '../network/error-document.ts';
import type { Login } from './login.ts';

/** A cache as an origin knows it. */
export interface KnownCache {
  readonly name: string;
  readonly host: string;
}

/** `/api/v0` of a DTR or MSR, as one login may use it. A status is no error. */
export interface OriginApi {
  createCache(cache: KnownCache): Promise<HttpAnswer>;
  /** Undefined where the origin does not tell. */
  listCaches(): Promise<KnownCache[] | undefined>;
  chooseCache(user: string, cache: string): Promise<HttpAnswer>;
  /** What an answer says of itself, without the login's secrets, capped and quoted. */
  messageOf(answer: HttpAnswer): string | undefined;
}

export function createOriginApi(origin: URL, login: Login, send: Send): OriginApi {
  const authorization = basicAuthorization(login);
  const ask = (method: HttpRequest['method'], path: string, document?: object): Promise<HttpAnswer> =>
    send({
      method,
      url: new URL(`/api/v0/${path}`, origin),
      headers: {
        accept: 'application/json',
        authorization,
        ...(document === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(document === undefined ? {} : { body: JSON.stringify(document) }),
    });
  return {
    createCache: ({ name, host }) => ask('POST', 'content_caches', { name, host }),
    async listCaches() {
      const answer = await ask('GET', 'content_caches');
      return answer.status === 200 ? findCaches(answer.body) : undefined;
    },
    chooseCache: (user, cache) =>
      ask('PATCH', `accounts/${encodeURIComponent(user)}/settings`, { contentCache: cache }),
    messageOf: (answer) => findErrorMessage(answer, [authorization.slice('Basic '.length), login.password]),
  };
}

/** `{"contentCaches":[…]}`, or the list alone. */
function findCaches(body: string): KnownCache[] | undefined {
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch (err) {
    if (err instanceof SyntaxError) return undefined;
    throw err;
  }
  const listed =
    typeof document === 'object' && document !== null && 'contentCaches' in document
      ? document.contentCaches
      : document;
  return Array.isArray(listed) ? listed.filter(isCache) : undefined;
}

function isCache(value: unknown): value is KnownCache {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'name' in value && typeof value.name === 'string' && 'host' in value && typeof value.host === 'string'
  );
}
