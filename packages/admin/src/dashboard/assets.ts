import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Route } from '../http/route.ts';
import { DASHBOARD } from './links.ts';

/** Files that pages refer to. */
export interface Assets {
  readonly routes: readonly Route[];
  /** With a fingerprint of its content, so that browsers may keep it for good. */
  href(name: AssetName): string;
}

type AssetName =
  'dashboard.css' | 'icon.svg' | 'dashboard.js' | 'charts.js' | 'htmx.js' | 'uplot.js' | 'uplot.css';

interface AssetFile {
  readonly type: string;
  readonly find: () => string;
}

const require = createRequire(import.meta.url);
// The same from `src` and from `dist`.
const packageFile = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const JAVASCRIPT = 'text/javascript; charset=utf-8';
const CSS = 'text/css; charset=utf-8';

const FILES: Readonly<Record<AssetName, AssetFile>> = {
  'dashboard.css': { type: CSS, find: () => packageFile('assets/dashboard.css') },
  'icon.svg': { type: 'image/svg+xml', find: () => packageFile('assets/icon.svg') },
  'dashboard.js': { type: JAVASCRIPT, find: () => packageFile('dist/client/dashboard.js') },
  // Imported by dashboard.js.
  'charts.js': { type: JAVASCRIPT, find: () => packageFile('dist/client/charts.js') },
  'htmx.js': { type: JAVASCRIPT, find: () => require.resolve('htmx.org/dist/htmx.min.js') },
  'uplot.js': { type: JAVASCRIPT, find: () => require.resolve('uplot/dist/uPlot.iife.min.js') },
  'uplot.css': { type: CSS, find: () => require.resolve('uplot/dist/uPlot.min.css') },
};

const ASSET_NAMES: readonly AssetName[] = [
  'dashboard.css',
  'icon.svg',
  'dashboard.js',
  'charts.js',
  'htmx.js',
  'uplot.js',
  'uplot.css',
];

const FINGERPRINT_LENGTH = 12;

/** Read with the first page that is asked for: most caches run for weeks without one. */
export function createAssets(): Assets {
  const loaded = new Map<string, { content: Buffer; fingerprint: string }>();
  const load = (name: AssetName): { content: Buffer; fingerprint: string } => {
    const known = loaded.get(name);
    if (known !== undefined) return known;
    const content = readFileSync(FILES[name].find());
    const hash = createHash('sha256').update(content).digest('base64url');
    const asset = { content, fingerprint: hash.slice(0, FINGERPRINT_LENGTH) };
    loaded.set(name, asset);
    return asset;
  };
  return {
    href: (name) => `${DASHBOARD}assets/${name}?v=${load(name).fingerprint}`,
    routes: ASSET_NAMES.map((name) => ({
      method: 'GET',
      path: `${DASHBOARD}assets/${name}`,
      handle: ({ query }) => {
        const { content, fingerprint } = load(name);
        const isThis = query.get('v') === fingerprint;
        const headers = {
          'content-type': FILES[name].type,
          'cache-control': isThis ? 'private, max-age=31536000, immutable' : 'no-cache',
        };
        return { status: 200, headers, body: content };
      },
    })),
  };
}
