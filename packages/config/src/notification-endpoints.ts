import { basicAuthorization } from '@registry-cache/oci';
import { InvalidValueError, quote } from './config-error.ts';
import { isMap } from './config-tree.ts';
import {
  DEFAULT_NOTIFICATION_BACKOFF_MS,
  DEFAULT_NOTIFICATION_THRESHOLD,
  DEFAULT_NOTIFICATION_TIMEOUT_MS,
} from './defaults.ts';
import type { Findings } from './findings.ts';
import type { LoadContext } from './load-context.ts';
import { parseHeaders } from './notification-headers.ts';
import { readSection } from './read-section.ts';
import type { NotificationEndpoint } from './settings.ts';
import { duration, flag, kindOf, listOf, text, wholeNumber } from './value-parsers.ts';

const KEYS = [
  'name',
  'disabled',
  'url',
  'headers',
  'timeout',
  'threshold',
  'backoff',
  'ignoredmediatypes',
  'ignore',
] as const;

/** Who is told of what happens, in the form that distribution has for it; those that are disabled left out. */
export function notificationEndpoints({ layered, findings }: LoadContext): NotificationEndpoint[] {
  const endpoints = new Map<string, NotificationEndpoint>();
  const list = layered.document.notifications?.endpoints ?? [];
  for (const [index, input] of list.entries()) {
    const key = `notifications.endpoints[${index}]`;
    const endpoint = readEndpoint(input, key, findings);
    if (endpoint === undefined) continue;
    if (endpoints.has(endpoint.name))
      findings.problem(`${key}.name`, `${quote(endpoint.name)} is there twice`);
    endpoints.set(endpoint.name, endpoint);
  }
  return [...endpoints.values()];
}

/** Undefined where it is disabled, or wrong, which has been noted. */
function readEndpoint(input: unknown, key: string, findings: Findings): NotificationEndpoint | undefined {
  if (!isMap(input)) {
    findings.problem(key, `expected a map with a name and a url, got ${kindOf(input)}`);
    return undefined;
  }
  const section = readSection(input, { key, known: KEYS }, findings);
  const parse = <T>(name: string, read: () => T): T | undefined => findings.parse(`${key}.${name}`, read);

  const isDisabled = parse('disabled', () => flag(section.disabled ?? false));
  const target = parse('url', () => parseTarget(section.url));
  const name = parse('name', () => text(section.name ?? target?.host ?? key));
  const headers = parse('headers', () => parseHeaders(section.headers ?? {}, target?.authorization));
  const timeoutMs = parse('timeout', () => duration(section.timeout ?? '0', 0));
  const backoffMs = parse('backoff', () => duration(section.backoff ?? '0', 0));
  const threshold = parse('threshold', () => wholeNumber(section.threshold ?? 0, { min: 0, max: 1_000_000 }));
  const ignored = readIgnored(section, key, findings);
  if (target === undefined || name === undefined || headers === undefined || isDisabled === true) {
    return undefined;
  }
  return {
    name,
    url: target.url,
    headers,
    // Nothing, as in distribution, is as good as left out.
    timeoutMs: timeoutMs || DEFAULT_NOTIFICATION_TIMEOUT_MS,
    backoffMs: backoffMs || DEFAULT_NOTIFICATION_BACKOFF_MS,
    threshold: threshold || DEFAULT_NOTIFICATION_THRESHOLD,
    ...ignored,
  };
}

/** `ignoredmediatypes` is the older form of `ignore.mediatypes`; both count. */
function readIgnored(
  section: Readonly<Partial<Record<(typeof KEYS)[number], unknown>>>,
  key: string,
  findings: Findings,
): Pick<NotificationEndpoint, 'ignoredMediaTypes' | 'ignoredActions'> {
  const { ignore = {}, ignoredmediatypes } = section;
  const texts = (name: string, input: unknown): string[] =>
    findings.parse(`${key}.${name}`, () => listOf(text)(input ?? [])) ?? [];
  const older = texts('ignoredmediatypes', ignoredmediatypes);
  if (!isMap(ignore)) {
    findings.problem(`${key}.ignore`, `expected a map of settings, got ${kindOf(ignore)}`);
    return { ignoredMediaTypes: older, ignoredActions: [] };
  }
  const known = ['mediatypes', 'actions'] as const;
  const { mediatypes, actions } = readSection(ignore, { key: `${key}.ignore`, known }, findings);
  return {
    ignoredMediaTypes: [...new Set([...older, ...texts('ignore.mediatypes', mediatypes)])],
    ignoredActions: texts('ignore.actions', actions),
  };
}

interface Target {
  /** Without user and password, so that it may be logged. */
  readonly url: string;
  readonly host: string;
  readonly authorization: string | undefined;
}

/** No message quotes it: it may hold a password or a token. */
function parseTarget(input: unknown): Target {
  const written = text(input).trim();
  if (!/^https?:\/\//i.test(written) || !URL.canParse(written)) {
    throw new InvalidValueError('expected a URL such as https://listener.example.com/events');
  }
  const url = new URL(written);
  const { username, password, host } = url;
  url.username = '';
  url.password = '';
  url.hash = '';
  const isLogin = username !== '' || password !== '';
  return {
    url: url.href,
    host,
    authorization: isLogin
      ? basicAuthorization({ username: decode(username), password: decode(password) })
      : undefined,
  };
}

function decode(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    throw new InvalidValueError('expected user and password in the URL to be percent-encoded');
  }
}
