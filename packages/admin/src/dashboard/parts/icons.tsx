import type { JSX } from 'preact';

export type IconName = 'pin' | 'unpin' | 'warm' | 'remove' | 'search' | 'auto' | 'light' | 'dark' | 'user';

// 24 x 24, drawn by strokes.
const PATHS: Readonly<Record<IconName, string>> = {
  pin: 'M12 17v5M9 3h6l-1 7 3 3v2H7v-2l3-3z',
  unpin: 'M12 17v5M9 3h6l-1 7 3 3v2H7v-2l3-3zM4 4l16 16',
  warm: 'M12 3v11m0 0-4-4m4 4 4-4M5 20h14',
  remove: 'M4 7h16M10 11v6m4-6v6M6 7l1 13h10l1-13M9 7V4h6v3',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM20 20l-4.7-4.7',
  auto: 'M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18M12 7.5l4.5-2M12 12h9M12 16.5l4.5 2',
  light:
    'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2v2m0 16v2M2 12h2m16 0h2M5 5l1.4 1.4m11.2 11.2L19 19M19 5l-1.4 1.4M6.4 17.6 5 19',
  dark: 'M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20a7.5 7.5 0 0 1 15 0',
};

/** Says nothing by itself: what it stands for is in words beside it. */
export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
