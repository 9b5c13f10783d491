import { CacheError, type Cache } from '../cache.ts';
import type { AdminRequest, Route } from '../http/route.ts';
import type { FormTokens } from './form-token.ts';
import { linkTo, parseBack, withDone } from './links.ts';
import { redirectTo, type Scene } from './scene.ts';
import type { WarmOutcomes } from './warm-outcomes.ts';

export interface ActionRoutesOptions {
  readonly cache: Cache;
  readonly outcomes: Pick<WarmOutcomes, 'follow'>;
  readonly tokens: FormTokens;
  readonly scene: Scene;
}

/** What was done to what. */
interface Done {
  readonly done: 'pinned' | 'pinned-before' | 'unpinned' | 'warming' | 'removed';
  readonly what: string;
}

const WARM_CONCURRENCY = 2;

/** What forms are sent to. Each answers by a way back, so that a page that is loaded again does nothing twice. */
export function actionRoutes(options: ActionRoutesOptions): readonly Route[] {
  const { cache, outcomes } = options;
  const action = (
    name: string,
    act: (form: URLSearchParams, signal: AbortSignal) => Promise<Done>,
  ): Route => ({
    method: 'POST',
    path: linkTo(name),
    handle: (request) =>
      options.scene.show(request, async () => {
        const form = await readGenuineForm(request, options.tokens);
        const { done, what } = await act(form, request.signal);
        return redirectTo(withDone(parseBack(form.get('back')), done, what));
      }),
  });
  return [
    action('pin', async (form) => {
      const pattern = fieldOf(form, 'pattern');
      return { done: (await cache.pin(pattern)) ? 'pinned' : 'pinned-before', what: pattern };
    }),
    action('unpin', async (form) => {
      const pattern = fieldOf(form, 'pattern');
      await cache.unpin(pattern);
      return { done: 'unpinned', what: pattern };
    }),
    action('warm', async (form) => {
      const name = fieldOf(form, 'name');
      const platforms = (form.get('platforms') ?? '').split(',').filter((platform) => platform !== '');
      const request = {
        images: [name],
        concurrency: WARM_CONCURRENCY,
        ...(platforms.length === 0 ? {} : { platforms }),
      };
      // Goes on when the page is left; it ends with the process.
      outcomes.follow(name, cache.warm(request, new AbortController().signal));
      return { done: 'warming', what: name };
    }),
    action('remove', async (form, signal) => {
      const name = fieldOf(form, 'name');
      await cache.remove(name, signal);
      return { done: 'removed', what: name };
    }),
  ];
}

async function readGenuineForm(request: AdminRequest, tokens: FormTokens): Promise<URLSearchParams> {
  const form = await request.readForm();
  if (tokens.isOf(request.visitor, form.get('token'))) return form;
  throw new CacheError(
    'FORBIDDEN',
    'this form is from before the cache was started again, or from somewhere else: load its page again, and send it from there',
  );
}

function fieldOf(form: URLSearchParams, name: string): string {
  const text = form.get(name)?.trim() ?? '';
  if (text === '') throw new CacheError('INVALID', `expected the form to have a ${name}`);
  return text;
}
