import type { CredentialEntry } from '@registry-cache/config';
import type { RegistryChallenge } from '@registry-cache/oci';
import type { Send } from '../../network/http-client.ts';
import { authorityOf } from '../../network/endpoint.ts';
import { findErrorMessage } from '../../network/error-document.ts';
import { authorize, secretsOf } from './authorize.ts';
import { failed, ok, skipped, type Step, warning } from './step.ts';
import type { Target } from './target.ts';

export interface LoginOptions {
  readonly target: Target;
  readonly challenge: RegistryChallenge | undefined;
  readonly send: Send;
}

/** One step for each credential of the pull secret. @throws {NetworkFailure} */
export async function loginSteps(options: LoginOptions): Promise<Step[]> {
  const { target, challenge } = options;
  const { kind, upstream, credentials } = target;
  if (kind === 'neighbour') return [skipped('login', 'it is sent only what clients bring')];
  const secret = credentials.filter(({ credential }) => credential.kind !== 'anonymous');
  if (secret.length === 0) {
    return upstream.authorization === 'origin'
      ? [
          skipped(
            'login',
            'the pull secret has no credential for it, and needs none: clients bring their own',
          ),
        ]
      : [skipped('login', 'the pull secret has no credential for it: it is asked anonymously')];
  }
  if (challenge === undefined)
    return [skipped('login', 'it asks nobody to log in, so the credential of the pull secret was not tried')];
  const steps: Step[] = [];
  for (const entry of secret) steps.push(await login(entry, challenge, options));
  return steps;
}

async function login(
  entry: CredentialEntry,
  challenge: RegistryChallenge,
  options: LoginOptions,
): Promise<Step> {
  const { target, send } = options;
  const { upstream, endpoint } = target;
  const key = keyOf(target, entry);
  const isForPulls = upstream.authorization === 'cache';
  const wrong = isForPulls ? failed : warning;
  const { credential } = entry;
  const authorized = await authorize(challenge, {
    send,
    credential,
    scope: undefined,
    registry: endpoint.url,
    tokenHosts: upstream.tokenHosts,
    tokenHostsSetting: `upstreams.${upstream.name}.tokenhosts`,
  });
  if (authorized.kind === 'refused') return wrong('login', `${key}: ${authorized.message}`, logInAgain(key));
  // What keeps the check from logging in keeps clients from it as well.
  if (authorized.kind === 'failed')
    return failed('login', `${key}: ${authorized.message}`, authorized.advice);
  const answer = await send({
    method: 'GET',
    url: new URL('/v2/', endpoint.url),
    headers: headersOf(authorized),
  });
  if (answer.status === 200) {
    const purpose = isForPulls ? '' : '; only this check uses it, pulls bring the credential of each client';
    return ok('login', `${key}: accepted${purpose}`);
  }
  const said = findErrorMessage(answer, secretsOf(credential));
  const message = `${key}: ${authorityOf(endpoint.url)} answered ${answer.status}${said === undefined ? '' : `: ${said}`}`;
  if (![401, 403].includes(answer.status)) return wrong('login', message);
  // A token that was given out proves the password; some registries let nobody see /v2/ with one that is for no repository.
  return challenge.kind === 'bearer' && credential.kind !== 'registry-token'
    ? warning('login', `${message} to the token that it gave out itself`)
    : wrong('login', message, logInAgain(key));
}

/** What a credential is found by in the pull secret. */
function keyOf({ upstream }: Target, { repositoryPrefix }: CredentialEntry): string {
  return repositoryPrefix === '' ? upstream.name : `${upstream.name}/${repositoryPrefix}`;
}

function logInAgain(key: string): string {
  return `the credential of ${key} in the pull secret is wrong or has expired: log in again and replace it`;
}

function headersOf({ authorization }: { authorization: string | undefined }): Record<string, string> {
  return authorization === undefined ? {} : { authorization };
}
