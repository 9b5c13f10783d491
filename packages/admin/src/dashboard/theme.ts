import type { IncomingHttpHeaders } from 'node:http';

/** `auto` is what the browser prefers. */
export type Theme = 'auto' | 'light' | 'dark';

export const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];

const COOKIE = 'registry-cache-theme';
const YEAR_SECONDS = 365 * 86_400;

/** What was chosen before: kept by a cookie, so that no page appears in the wrong colours first. */
export function themeOf({ cookie = '' }: IncomingHttpHeaders): Theme {
  const [, chosen = null] = new RegExp(`(?:^|;)\\s*${COOKIE}=([a-z]+)`).exec(cookie) ?? [];
  return parseTheme(chosen);
}

/** `auto` for what is none. */
export function parseTheme(text: string | null): Theme {
  return THEMES.find((theme) => theme === text) ?? 'auto';
}

/** For `Set-Cookie`. */
export function themeCookie(theme: Theme): string {
  const maxAge = theme === 'auto' ? 0 : YEAR_SECONDS;
  return `${COOKIE}=${theme}; Path=/dashboard; Max-Age=${maxAge}; SameSite=Lax; HttpOnly`;
}
