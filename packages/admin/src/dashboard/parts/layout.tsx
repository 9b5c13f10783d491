import type { ComponentChildren, JSX } from 'preact';
import type { Assets } from '../assets.ts';
import { DASHBOARD, linkTo } from '../links.ts';
import { THEMES } from '../theme.ts';
import type { Visit } from '../visit.ts';
import { Icon } from './icons.tsx';
import { Done } from './done.tsx';

export interface LayoutProps {
  readonly title: string;
  readonly current?: 'overview' | 'images' | 'pins';
  readonly visit: Visit;
  readonly assets: Assets;
  readonly children: ComponentChildren;
}

// Nothing in an answer is run as code, and no style is written into the page: the content security policy allows neither.
const HTMX_CONFIG = JSON.stringify({
  allowEval: false,
  allowScriptTags: false,
  includeIndicatorStyles: false,
  selfRequestsOnly: true,
  historyEnabled: true,
  historyCacheSize: 0,
  refreshOnHistoryMiss: true,
});

/** The frame of every page. */
export function Layout({ title, current, visit, assets, children }: LayoutProps): JSX.Element {
  return (
    <html lang="en" data-theme={visit.theme === 'auto' ? undefined : visit.theme}>
      <head>
        <meta charset="utf-8" />
        <title>{`${title} · registry-cache`}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="htmx-config" content={HTMX_CONFIG} />
        <link rel="icon" type="image/svg+xml" href={assets.href('icon.svg')} />
        <link rel="stylesheet" href={assets.href('uplot.css')} />
        <link rel="stylesheet" href={assets.href('dashboard.css')} />
        <script defer src={assets.href('htmx.js')} />
        <script defer src={assets.href('uplot.js')} />
        <script type="module" src={assets.href('dashboard.js')} />
      </head>
      <body>
        <a class="skip" href="#content">
          Skip to content
        </a>
        <Header current={current} visit={visit} assets={assets} />
        <p class="stale" role="alert">
          The cache does not answer at the moment: what you see is from before.
        </p>
        <main id="content">
          <Done visit={visit} />
          {children}
        </main>
        <footer>
          {visit.visitor.onlyLooks !== undefined && <p>{visit.visitor.onlyLooks}</p>}
          <p>registry-cache {visit.version}</p>
        </footer>
      </body>
    </html>
  );
}

const PAGES = [
  { id: 'overview', label: 'Overview', href: DASHBOARD },
  { id: 'images', label: 'Images', href: linkTo('images') },
  { id: 'pins', label: 'Pins', href: linkTo('pins') },
] as const;

type HeaderProps = Pick<LayoutProps, 'visit' | 'assets'> & { readonly current: LayoutProps['current'] };

function Header({ current, visit, assets }: HeaderProps): JSX.Element {
  const { user } = visit.visitor;
  return (
    <header class="top">
      <a class="brand" href={DASHBOARD}>
        <img src={assets.href('icon.svg')} alt="" width="26" height="26" />
        registry-cache
      </a>
      <nav aria-label="Pages">
        {PAGES.map(({ id, label, href }) => (
          <a key={id} href={href} aria-current={id === current ? 'page' : undefined}>
            {label}
          </a>
        ))}
      </nav>
      <SearchBox visit={visit} isLive={current === 'images'} />
      {user !== undefined && (
        <span class="user">
          <Icon name="user" />
          {user}
        </span>
      )}
      <ThemeSwitch visit={visit} />
    </header>
  );
}

/** Leads to the list of images; there, it changes the list while one writes. */
function SearchBox({ visit, isLive }: { readonly visit: Visit; readonly isLive: boolean }): JSX.Element {
  const live = isLive
    ? {
        'hx-get': linkTo('images'),
        'hx-trigger': 'input changed delay:200ms, search',
        'hx-target': '#results',
        'hx-swap': 'outerHTML',
        'hx-push-url': 'true',
        'hx-sync': 'this:replace',
        'hx-include': 'closest form',
      }
    : {};
  const kept = isLive ? (['show', 'sort'] as const) : [];
  return (
    <form class="search" role="search" method="get" action={linkTo('images')}>
      <Icon name="search" />
      <input
        type="search"
        id="search"
        name="q"
        value={isLive ? (visit.query.get('q') ?? '') : ''}
        placeholder="Search images"
        aria-label="Search images"
        autocomplete="off"
        spellcheck={false}
        {...live}
      />
      <kbd aria-hidden="true">/</kbd>
      {kept.map((name) => {
        const value = visit.query.get(name);
        return value === null ? null : <input key={name} type="hidden" name={name} value={value} />;
      })}
    </form>
  );
}

const THEME_LABELS = { auto: 'As the system', light: 'Light', dark: 'Dark' } as const;

function ThemeSwitch({ visit }: { readonly visit: Visit }): JSX.Element {
  return (
    <nav class="themes" aria-label="Colours">
      {THEMES.map((theme) => (
        <a
          key={theme}
          href={linkTo('theme', { theme, back: visit.here })}
          aria-label={THEME_LABELS[theme]}
          title={THEME_LABELS[theme]}
          aria-current={theme === visit.theme ? 'true' : undefined}
        >
          <Icon name={theme} />
        </a>
      ))}
    </nav>
  );
}
