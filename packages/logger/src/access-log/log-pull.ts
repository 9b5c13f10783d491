import type { LoggerSettings } from '@registry-cache/config';
import type { Logger } from '@registry-cache/runtime';
import { isRefused, type Pull } from '../pull.ts';
import { readableLine } from './readable-line.ts';

type AccessLogSettings = NonNullable<LoggerSettings['access']>;

/**
 * One line per pull:
 * - an image that a client asked for (a manifest's GET) at `info`, as `pull`;
 * - a blob at `debug`, since a pull of one image makes dozens of them, or at `info` with `blobs`;
 * - whether an image is still the same (a manifest's HEAD) at `debug`;
 * - one that failed or ended short at `info`, whatever it was, but for a blob's range: clients that read in parallel close those
 *   early as a matter of course.
 *
 * The line is JSON. As `text` it carries the readable line as `accessLine`, which the supervisor writes in its place.
 */
export function logPull(log: Logger, pull: Pull, access: AccessLogSettings): void {
  const level = levelOf(pull, access.blobs);
  if (!log.isLevelEnabled(level)) return;
  const fields = fieldsOf(pull);
  const line = access.format === 'text' ? { ...fields, accessLine: readableLine(pull) } : fields;
  log[level](line, pull.kind === 'manifest' ? 'pull' : 'blob pull');
}

function levelOf(pull: Pull, blobs: boolean): 'info' | 'debug' {
  if (pull.kind === 'manifest' && pull.method !== 'HEAD') return 'info';
  if (pull.kind === 'blob' && blobs) return 'info';
  const isCutShort = pull.answer?.aborted === true && pull.answer.status !== 206;
  return isRefused(pull) || isCutShort ? 'info' : 'debug';
}

function fieldsOf(pull: Pull): Record<string, unknown> {
  const { outcome, status, bytesSent, durationMs, upstreamMs, aborted, times } = pull.answer ?? {};
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
    ...(upstreamMs === undefined ? {} : { upstreamMs }),
    ...(times === undefined ? {} : { times }),
    ...(aborted === true ? { aborted } : {}),
    requestId: pull.requestId,
  };
}
