import type { AdminSettings } from '@registry-cache/config';
import { createLog } from '@registry-cache/runtime';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { createDashboard } from '../../../src/dashboard/create-dashboard.ts';
import { createRouter } from '../../../src/http/router.ts';
import type { Visitor } from '../../../src/http/route.ts';
import { createFakeCache, type FakeCache } from './fake-cache.ts';
import { NOW_MS } from './content.ts';

export interface TestDashboard {
  readonly cache: FakeCache;
  readonly url: string;
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Page>;
  /** Sends a form with the token of a page, as its own forms do. */
  readonly submit: (path: string, fields: Record<string, string>) => Promise<Page>;
  readonly post: (
    path: string,
    fields: Record<string, string>,
    headers?: Record<string, string>,
  ) => Promise<Page>;
}

export interface Page {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const SETTINGS = { version: '0.1.0' } as AdminSettings;

/** The dashboard behind the real router, on a real socket. */
export async function startDashboard(
  visitor: Visitor = { user: undefined, onlyLooks: undefined },
  { now = () => NOW_MS }: { readonly now?: () => number } = {},
): Promise<TestDashboard> {
  const cache = createFakeCache();
  const { routes } = createDashboard({ cache, settings: () => SETTINGS, now });
  const closing = new AbortController();
  const log = createLog({ level: 'error', fields: {}, destination: { write: () => {} } });
  const router = createRouter({
    routes: () => routes,
    visitorOf: () => visitor,
    log,
    closing: closing.signal,
  });
  const server = createServer(router).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(() => {
    closing.abort();
    server.closeAllConnections();
    server.close();
  });
  const read = async (answer: Response): Promise<Page> => ({
    status: answer.status,
    headers: answer.headers,
    text: await answer.text(),
  });
  const get: TestDashboard['get'] = async (path, headers = {}) =>
    read(await fetch(`${url}${path}`, { headers, redirect: 'manual' }));
  const post: TestDashboard['post'] = async (path, fields, headers = {}) =>
    read(
      await fetch(`${url}${path}`, {
        method: 'POST',
        body: new URLSearchParams(fields),
        headers,
        redirect: 'manual',
      }),
    );
  const submit: TestDashboard['submit'] = async (path, fields) => {
    const { text } = await get('/dashboard/pins');
    const [, token = ''] = /name="token" value="([^"]+)"/.exec(text) ?? [];
    return post(path, { ...fields, token });
  };
  return { cache, url, get, post, submit };
}
