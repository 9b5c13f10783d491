import type { JSX } from 'preact';
import type { Visit } from '../visit.ts';

/** What an address may say was done: the words are ours, whoever wrote the address. */
const DONE: Readonly<Record<string, string>> = {
  pinned: 'is pinned now: it stays, however old it is.',
  'pinned-before': 'was pinned already.',
  unpinned: 'is no longer pinned.',
  warming: 'is being fetched. It goes on when you leave this page.',
  removed: 'is removed.',
};

/** Says what the form that led here has done. */
export function Done({ visit: { query } }: { readonly visit: Visit }): JSX.Element | null {
  const said = DONE[query.get('done') ?? ''];
  if (said === undefined) return null;
  return (
    <p class="done" role="status">
      <b>{query.get('what')}</b> {said}
    </p>
  );
}
