import type { Logger } from '@registry-cache/runtime';
import { isRefused, type Pull } from './pull.ts';

/**
 * One line per pull:
 * - an image that a client asked for (a manifest's GET) at `info`, as `pull`;
 * - whether an image is still the same (a manifest's HEAD), and a blob, at `debug`: a pull of one image makes dozens of them;
 * - one that failed or ended short at `info`, whatever it was, but for a blob's range: clients that read in parallel close those
 *   early as a matter of course.
 */
export function logPull(log: Logger, pull: Pull): void {
  log[levelOf(pull)](fieldsOf(pull), pull.kind === 'manifest' ? 'pull' : 'blob pull');
}

function levelOf(pull: Pull): 'info' | 'debug' {
  if (pull.kind === 'manifest' && pull.method !== 'HEAD') return 'info';
  const isCutShort = pull.answer?.aborted === true && pull.answer.status !== 206;
  return isRefused(pull) || isCutShort ? 'info' : 'debug';
}

function fieldsOf(pull: Pull): Record<string, unknown> {
  const { outcome, status, bytesSent, durationMs, aborted, times } = pull.answer ?? {};
  return {
    image: pull.tag === undefined ? `${pull.repository}@${pull.digest}` : `${pull.repository}:${pull.tag}`,
    ...(pull.tag === undefined ? {} : { digest: pull.digest }),
    method: pull.method,
    client: pull.client,
    user: pull.user,
    userAgent: pull.userAgent,
    outcome,
    status,
    bytes: bytesSent,
    durationMs,
    ...(times === undefined ? {} : { times }),
    ...(aborted === true ? { aborted } : {}),
    requestId: pull.requestId,
  };
}
