import { cleanText, quoteText } from '@registry-cache/oci';
import { EXIT_FAILURE } from '@registry-cache/runtime';
import { CommandFailure } from '../command-failure.ts';
import type { HttpAnswer } from '../network/http-client.ts';
import { describeUrl } from '../network/describe-url.ts';
import type { Login } from './login.ts';
import type { KnownCache, OriginApi } from './origin-api.ts';
import type { Registered, Registration } from './registration.ts';

/**
 * Registers a cache, and has a user choose it where one is named. Done before counts as done.
 *
 * @throws {CommandFailure} that says what the origin does not like
 * @throws {NetworkFailure}
 */
export async function registerCache(
  registration: Registration,
  login: Login,
  api: OriginApi,
): Promise<Registered> {
  const { origin, name, host, user } = registration;
  const outcome = await create(registration, login, api);
  const registered = { origin: origin.origin, name, host, outcome };
  if (user === undefined) return registered;
  await choose(user, { registration, login, api });
  return { ...registered, user };
}

async function create(
  registration: Registration,
  login: Login,
  api: OriginApi,
): Promise<Registered['outcome']> {
  const answer = await api.createCache(registration);
  if (answer.status === 200 || answer.status === 201) return 'created';
  // Which of the two an origin says of a name that is taken is not documented.
  if (answer.status === 409 || answer.status === 400) {
    const caches = (await api.listCaches()) ?? [];
    const same = caches.find(({ name }) => name === registration.name);
    if (same !== undefined) return compare(same, registration);
  }
  throw refusal(answer, {
    registration,
    login,
    api,
    notFound: 'it has no /api/v0/content_caches: is it a DTR or MSR?',
  });
}

function compare(known: KnownCache, { origin, name, host }: Registration): 'unchanged' {
  if (isSameHost(known.host, host)) return 'unchanged';
  throw failure(
    `${name} is registered at ${origin.origin} already, with the host ${quoteText(known.host)} in place of "${host}"`,
    'remove it there, or register this cache under another name',
  );
}

/** `https://cache` and `https://cache:443/` are one place. */
function isSameHost(one: string, other: string): boolean {
  if (!URL.canParse(one) || !URL.canParse(other)) return one === other;
  return new URL(one).href === new URL(other).href;
}

interface Asked {
  readonly registration: Registration;
  readonly login: Login;
  readonly api: OriginApi;
}

async function choose(user: string, asked: Asked): Promise<void> {
  const { registration, api } = asked;
  const answer = await api.chooseCache(user, registration.name);
  if (answer.status >= 200 && answer.status < 300) return;
  const said = api.messageOf(answer);
  const notFound = `it has no user ${user}, or no settings of users${said === undefined ? '' : `: it says ${said}`}`;
  const { message, problems } = refusal(answer, { ...asked, notFound });
  throw new CommandFailure(`${registration.name} is registered, but not chosen for ${user}: ${message}`, {
    exitCode: EXIT_FAILURE,
    problems,
  });
}

function refusal(
  answer: HttpAnswer,
  { registration, login, api, notFound }: Asked & { readonly notFound: string },
): CommandFailure {
  const answered = `${registration.origin.origin} answered ${answer.status}`;
  const message = api.messageOf(answer);
  const said = message === undefined ? [] : [`it says ${message}`];
  switch (answer.status) {
    case 400:
      return failure(`${answered}: it does not accept this name or host`, ...said);
    case 401:
      return failure(`${answered}: it does not accept ${login.source}`, 'check user and password', ...said);
    case 403:
      return failure(`${answered}: ${login.source} may not do this`, 'log in as an administrator', ...said);
    case 404:
      return failure(`${answered}: ${notFound}`);
    case 409:
      return failure(`${answered}: it knows this name or host already`, ...said);
    default:
      return failure(`${answered}, expected 201`, ...said, ...redirection(answer, registration.origin));
  }
}

function redirection({ status, headers }: HttpAnswer, origin: URL): string[] {
  const { location } = headers;
  if (status < 300 || status >= 400 || location === undefined) return [];
  const shown = URL.canParse(location, origin.href)
    ? describeUrl(new URL(location, origin))
    : cleanText(location);
  return [`it leads to ${shown}: credentials do not follow, so write --origin with where it is`];
}

function failure(message: string, ...problems: readonly string[]): CommandFailure {
  return new CommandFailure(message, { exitCode: EXIT_FAILURE, problems });
}
