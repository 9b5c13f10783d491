import { quoteText } from '@registry-cache/oci';
import { discard } from './answer-body.ts';
import { describeUrl } from './describe-url.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from './http-client.ts';
import { UpstreamError } from './upstream-error.ts';

export interface RedirectedAnswer extends HttpAnswer {
  /** Where the answer came from. Its query may be a signature: show it with `describeUrl` only. */
  readonly url: URL;
  /** Whether the answer is another origin's, which got no credential. */
  readonly foreign: boolean;
}

const MAX_REDIRECTS = 5;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/**
 * Sends a GET or HEAD and follows where it is redirected to. `Authorization` stays with the origin that it is for: it is
 * dropped at the first step to another scheme, host or port, and does not come back.
 *
 * @throws {UpstreamError} `invalid` for a redirect that leads nowhere, in circles, or from https to http.
 */
export async function sendFollowingRedirects(
  client: HttpClient,
  request: HttpRequest & { readonly method: 'GET' | 'HEAD' },
): Promise<RedirectedAnswer> {
  let { url, headers } = request;
  let foreign = false;
  for (let redirects = 0; ; redirects++) {
    const answer = await client.send({ ...request, url, headers, isForeign: foreign });
    if (!REDIRECTS.includes(answer.status)) return { ...answer, url, foreign };
    discard(answer.body);
    if (redirects === MAX_REDIRECTS) {
      throw new UpstreamError(
        'invalid',
        `${describeUrl(request.url)} redirects more than ${MAX_REDIRECTS} times`,
      );
    }
    const target = parseLocation(answer, url);
    if (target.origin !== url.origin) {
      foreign = true;
      headers = withoutAuthorization(headers);
    }
    url = target;
  }
}

function parseLocation(answer: HttpAnswer, from: URL): URL {
  const { location } = answer.headers;
  if (typeof location !== 'string' || !URL.canParse(location, from.href)) {
    throw new UpstreamError(
      'invalid',
      `${describeUrl(from)} answered ${answer.status} with ${typeof location === 'string' ? 'a malformed' : 'no single'} Location`,
      { status: answer.status },
    );
  }
  const target = new URL(location, from);
  if (!/^https?:$/.test(target.protocol)) {
    throw new UpstreamError(
      'invalid',
      `${describeUrl(from)} redirects to the scheme ${quoteText(target.protocol)}`,
    );
  }
  if (from.protocol === 'https:' && target.protocol === 'http:') {
    throw new UpstreamError(
      'invalid',
      `${describeUrl(from)} redirects to ${describeUrl(target)}, which has no TLS`,
    );
  }
  return target;
}

function withoutAuthorization(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'),
  );
}
