import { drawCharts } from './charts.ts';

// Pages work without this: it keeps them up to date, draws charts, and has a key for the search.

focusSearchBySlash();
askOnlyWhileSeen();
sayWhenStale();
announceFills();
const charts = document.getElementById('traffic');
if (charts !== null) drawCharts(charts);

function focusSearchBySlash(): void {
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
    const { target } = event;
    if (target instanceof Element && target.closest('input, select, textarea') !== null) return;
    const search = document.getElementById('search');
    if (!(search instanceof HTMLInputElement)) return;
    event.preventDefault();
    search.focus();
    search.select();
  });
}

/** A page in the background asks for nothing. */
function askOnlyWhileSeen(): void {
  document.addEventListener('htmx:beforeRequest', (event) => {
    const isPart = event.target instanceof Element && event.target.classList.contains('live');
    if (isPart && document.hidden) event.preventDefault();
  });
}

/** Old figures must not look like new ones. */
function sayWhenStale(): void {
  const stale = (isStale: boolean): void => void document.body.classList.toggle('is-stale', isStale);
  for (const failure of ['htmx:sendError', 'htmx:timeout', 'htmx:responseError']) {
    document.addEventListener(failure, () => stale(true));
  }
  document.addEventListener('htmx:afterRequest', (event) => {
    if (event instanceof CustomEvent && event.detail.successful === true) stale(false);
  });
}

/** For screen readers: how many fills run, when that changes, and not each of their bytes. */
function announceFills(): void {
  const said = document.getElementById('fills-said');
  if (said === null) return;
  let before = textOfFills();
  document.addEventListener('htmx:afterSwap', () => {
    const now = textOfFills();
    if (now !== before) said.textContent = now;
    before = now;
  });
}

function textOfFills(): string {
  return document.querySelector<HTMLElement>('.fills')?.dataset['said'] ?? '';
}
