import type { IncomingMessage } from 'node:http';
import { cleanText } from '@registry-cache/oci';
import { readBody } from './read-body.ts';
import { WarmProblem } from './warm-problem.ts';

const MAX_ERROR_BYTES = 64 * 1024;

/**
 * What a worker's answer of 400 or more means to people. Reads its body.
 *
 * @param subject what was asked for: `image`, `repository`
 */
export async function problemOf(answer: IncomingMessage, subject: string): Promise<WarmProblem> {
  const said = messageIn(await readBody(answer, MAX_ERROR_BYTES));
  switch (answer.statusCode) {
    case 404:
      return new WarmProblem(`the upstream has no such ${subject}`);
    case 401:
    case 403:
      return new WarmProblem(
        `the upstream denies this ${subject} to the cache: look at its credential in the pull secret (${said})`,
      );
    case 429:
      return new WarmProblem(
        `the upstream limits how much is pulled, ${tryAgain(answer.headers['retry-after'])}`,
      );
    default:
      return new WarmProblem(said);
  }
}

function tryAgain(retryAfter: string | undefined): string {
  return retryAfter === undefined ? 'try again later' : `try again in ${retryAfter} s`;
}

/** @see OCI distribution-spec, "Error Codes" */
function messageIn(body: Uint8Array): string {
  const text = Buffer.from(body).toString('utf8');
  try {
    const document: unknown = JSON.parse(text);
    const { errors } = (document ?? {}) as { errors?: readonly { message?: unknown }[] };
    const message = errors?.[0]?.message;
    if (typeof message === 'string') return cleanText(message);
  } catch (err) {
    if (!(err instanceof SyntaxError)) throw err;
  }
  return cleanText(text);
}
