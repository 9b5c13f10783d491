import { cleanText, findRegistryChallenge, quoteText, type RegistryChallenge } from '@registry-cache/oci';
import type { HttpAnswer } from '../../network/http-client.ts';
import { authorityOf, type Endpoint } from '../../network/endpoint.ts';
import { describeUrl } from '../../network/describe-url.ts';
import { failed, ok, type Step, warning } from './step.ts';

/** What a registry said to `GET /v2/` without a credential. */
export interface Ping {
  readonly step: Step;
  /** Undefined where it asks nobody to log in, or is no registry. */
  readonly challenge: RegistryChallenge | undefined;
}

export function judgePing(answer: HttpAnswer, endpoint: Endpoint): Ping {
  const { status, headers } = answer;
  const challenge = status === 401 ? findRegistryChallenge(headers['www-authenticate']) : undefined;
  if (challenge !== undefined) return { step: ok('ping', describeChallenge(challenge)), challenge };
  return { step: judgeStatus(answer, endpoint), challenge };
}

function judgeStatus({ status, headers }: HttpAnswer, { url, urlSetting }: Endpoint): Step {
  const authority = authorityOf(url);
  const notARegistry = `check that ${urlSetting} is the address of a registry`;
  if (status === 200) {
    return /html/.test(headers['content-type'] ?? '')
      ? failed('ping', `${authority} answered /v2/ with a web page`, notARegistry)
      : ok('ping', 'asks nobody to log in');
  }
  if (status === 401) {
    const given = quoteText(headers['www-authenticate'] ?? '');
    return failed(
      'ping',
      `${authority} answered 401 with no challenge of Basic or Bearer: WWW-Authenticate is ${given}`,
      notARegistry,
    );
  }
  if (status === 404) return failed('ping', `${authority} answered 404 to /v2/`, notARegistry);
  if (status >= 300 && status < 400) {
    const location = headers.location ?? '';
    const shown = URL.canParse(location, url.href)
      ? describeUrl(new URL(location, url))
      : quoteText(location);
    return warning('ping', `${authority} answered ${status} to /v2/ and leads to ${shown}`, notARegistry);
  }
  if (status === 429) return warning('ping', `${authority} answered 429: it is asked too often`);
  const advice = status >= 500 ? `${authority} has a trouble of its own: ask its operator` : notARegistry;
  return failed('ping', `${authority} answered ${status} to /v2/, expected 200 or 401`, advice);
}

function describeChallenge(challenge: RegistryChallenge): string {
  if (challenge.kind === 'basic') return 'asks for user and password (Basic)';
  const { realm, service } = challenge;
  const shown = URL.canParse(realm) ? describeUrl(new URL(realm)) : quoteText(realm);
  return `asks for a token (Bearer) of ${shown}${service === undefined ? '' : ` for service ${cleanText(service)}`}`;
}
