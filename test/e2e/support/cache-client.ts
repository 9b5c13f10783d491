import { httpGet, type HttpAnswer } from './http-get.ts';
import type { RunningCache } from './running-cache.ts';

/** Asks the cache as the installation's user does. */
export type CacheClient = (
  path: string,
  headers?: Readonly<Record<string, string>>,
  method?: 'GET' | 'HEAD',
) => Promise<HttpAnswer>;

export function createCacheClient(cache: RunningCache): CacheClient {
  const { ca, username, password } = cache.installation;
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  return (path, headers = {}, method = 'GET') =>
    httpGet(`https://${cache.address}${path}`, { ca, method, headers: { authorization, ...headers } });
}
