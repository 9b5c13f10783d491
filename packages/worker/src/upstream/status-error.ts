import { quoteText } from '@registry-cache/oci';
import { discard, readExcerpt } from './answer-body.ts';
import { describeUrl } from './describe-url.ts';
import type { RedirectedAnswer } from './redirect.ts';
import { findRetryAfterSeconds } from './retry-after.ts';
import { UpstreamError, type UpstreamErrorCode } from './upstream-error.ts';

export interface StatusErrorOptions {
  readonly nowMs: number;
  /** What an operator can do about 401 and 403. */
  readonly deniedAdvice: string;
  /** What was sent and must not be quoted, should the peer repeat it. */
  readonly secrets: readonly string[];
  /** Whether the URL was signed, by a signature that the peer may repeat. */
  readonly isSigned?: boolean;
}

const MAX_EXCERPT_BYTES = 4096;

/** The error that an answer's status stands for, with what the peer says about it. Reads or discards the body. */
export async function statusError(
  answer: RedirectedAnswer,
  options: StatusErrorOptions,
): Promise<UpstreamError> {
  const { status, headers, url } = answer;
  const code = codeOf(status);
  const retryAfterSeconds = findRetryAfterSeconds(headers['retry-after'], options.nowMs);
  const message = [
    `${describeUrl(url)} answered ${status}, expected 200`,
    ...(code === 'denied' ? [options.deniedAdvice] : []),
    ...(await explanation(answer, options)),
  ].join(': ');
  return new UpstreamError(code, message, {
    status,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

function codeOf(status: number): UpstreamErrorCode {
  if (status === 401 || status === 403) return 'denied';
  return status === 429 ? 'rate-limited' : 'failed';
}

async function explanation(
  { headers, body, foreign }: RedirectedAnswer,
  { secrets, isSigned = false }: StatusErrorOptions,
): Promise<string[]> {
  // A storage service explains a refused signature by repeating it.
  if (foreign || isSigned || headers['content-encoding'] !== undefined) {
    discard(body);
    return [];
  }
  const excerpt = await readExcerpt(body, MAX_EXCERPT_BYTES);
  return excerpt.trim() === '' ? [] : [quoteText(excerpt, secrets)];
}
