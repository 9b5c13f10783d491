export const DASHBOARD = '/dashboard/';

/** `linkTo('image', { name })` → `/dashboard/image?name=quay.io%2Forg%2Fapp%3A1.0`; parameters that are empty are left out. */
export function linkTo(page: string, parameters: Readonly<Record<string, string | undefined>> = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') query.set(name, value);
  }
  return query.size === 0 ? `${DASHBOARD}${page}` : `${DASHBOARD}${page}?${query.toString()}`;
}

/** Where a form leads back to: a page of the dashboard, whatever the form says. */
export function parseBack(back: string | null): string {
  // Browsers read a backslash as a slash, and drop line ends.
  const isOurs = back !== null && /^\/dashboard\/[\w./?&=%+~-]*$/.test(back) && !back.includes('//');
  return isOurs ? back : DASHBOARD;
}

/** The same page, which says what was done. */
export function withDone(back: string, done: string, what: string): string {
  const [path = DASHBOARD, search = ''] = back.split('?', 2);
  const query = new URLSearchParams(search);
  query.set('done', done);
  query.set('what', what);
  return `${path}?${query.toString()}`;
}
