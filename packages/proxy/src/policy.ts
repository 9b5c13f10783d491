import type { ProxySettings } from '@registry-cache/config';
import type { Logger } from '@registry-cache/runtime';
import { isDeepStrictEqual } from 'node:util';
import { createHtpasswdAuth, type Auth, type HtpasswdAuthOptions } from './auth/htpasswd-auth.ts';
import type { DashboardRoute } from './dashboard-route.ts';
import type { LoginGuard } from './origin-auth/login-guard.ts';
import { createOriginAuth, type OriginAuth } from './origin-auth/origin-auth.ts';
import { createRepeatableAnswers, type RepeatableAnswers } from './repeat/repeatable-answers.ts';
import type { Access } from './who-asks.ts';
import { createNamedFiles, type NamedFiles } from './worker-link/named-files.ts';
import type { WorkerLink } from './worker-link/worker-link.ts';

/** What a reload changes. */
export interface Policy extends Access {
  /** How this cache names itself in `Via`. */
  readonly pseudonym: string;
  /** What was answered under this policy: another one may refuse it. */
  readonly repeatable: RepeatableAnswers;
  readonly files: NamedFiles;
  /** Set where the dashboard is on this port too. */
  readonly dashboard?: DashboardRoute;
}

export interface PolicyOptions {
  readonly log: Logger;
  readonly verify?: HtpasswdAuthOptions['verify'];
  readonly workers: WorkerLink;
  /** The same one each time. */
  readonly guard: () => LoginGuard;
  /** Milliseconds of the wall clock. */
  readonly now: () => number;
}

/** The settings and the policy that they have made. */
export interface CurrentPolicy {
  readonly settings: ProxySettings;
  readonly policy: Policy;
}

/**
 * @param before kept from it: users that stay the same stay logged in
 * @throws for settings that would send the passwords of one to the other
 */
export function createPolicy(
  settings: ProxySettings,
  options: PolicyOptions,
  before?: CurrentPolicy,
): CurrentPolicy {
  const { upstreams, pseudonym } = settings;
  const originAuth = findOriginAuth(settings, options);
  const auth = findAuth(settings, options, before);
  if (originAuth !== undefined && auth !== undefined) {
    throw new Error('expected auth.htpasswd or an upstream of authorization origin, got both');
  }
  const access = {
    ...(auth === undefined ? {} : { auth }),
    ...(originAuth === undefined ? {} : { originAuth }),
    // Nobody sees it without a login.
    ...(auth === undefined || settings.dashboard === undefined
      ? {}
      : { dashboard: { settings: settings.dashboard, auth } }),
  };
  return { settings, policy: { upstreams, pseudonym, ...createMemory(), ...access } };
}

/** The same policy, without what was answered under it. */
export function forgetAnswers({ settings, policy }: CurrentPolicy): CurrentPolicy {
  return { settings, policy: { ...policy, ...createMemory() } };
}

function createMemory(): Pick<Policy, 'repeatable' | 'files'> {
  return { repeatable: createRepeatableAnswers(), files: createNamedFiles() };
}

function findAuth(
  { auth }: ProxySettings,
  { verify, log }: PolicyOptions,
  before: CurrentPolicy | undefined,
): Auth | undefined {
  if (auth === undefined) return undefined;
  const kept = before?.policy.auth;
  if (kept !== undefined && isDeepStrictEqual(before?.settings.auth, auth)) return kept;
  return createHtpasswdAuth(auth, verify === undefined ? { log } : { log, verify });
}

function findOriginAuth(
  { upstreams, tokenSecret, http }: ProxySettings,
  { workers, guard, now }: PolicyOptions,
): OriginAuth | undefined {
  if (upstreams.every(({ authorization }) => authorization !== 'origin')) return undefined;
  return createOriginAuth({
    upstreams,
    tokenSecret,
    externalUrl: http.externalUrl,
    workers,
    guard: guard(),
    now,
  });
}
