import type { Pull } from '../pull.ts';
import { toWord } from './plain-text.ts';
import { formatSize, formatTime } from './quantities.ts';

const SHORT_DIGEST = 'sha256:'.length + 12;
const UNKNOWN = '-';

/**
 * `2026-11-21T09:00:00.000Z node-7@192.0.2.1 GET quay.io/org/image:1.0 miss 200 1.2KiB 340ms 312ms cri-o/1.30`: when it began, who asked,
 * what for, outcome, status, bytes sent, how long it took, and how long until the upstream had begun to answer, and with which program.
 * `-` stands for what is not known. `aborted` and `times=7` follow where they say something.
 */
export function readableLine(pull: Pull): string {
  const { outcome, status, bytesSent, durationMs, upstreamMs, aborted, times } = pull.answer ?? {};
  return [
    new Date(pull.accessedAtMs).toISOString(),
    `${word(pull.user)}@${word(addressOf(pull.client))}`,
    word(pull.method),
    toWord(imageOf(pull)),
    word(outcome),
    status === undefined ? UNKNOWN : String(status),
    bytesSent === undefined ? UNKNOWN : formatSize(bytesSent),
    durationMs === undefined ? UNKNOWN : formatTime(durationMs),
    upstreamMs === undefined ? UNKNOWN : formatTime(upstreamMs),
    word(pull.userAgent?.trimStart().split(' ', 1)[0]),
    ...(aborted === true ? ['aborted'] : []),
    ...(times === undefined ? [] : [`times=${times}`]),
  ].join(' ');
}

function word(text: string | undefined): string {
  return text === undefined || text === '' ? UNKNOWN : toWord(text);
}

function imageOf({ repository, tag, digest }: Pull): string {
  return tag === undefined ? `${repository}@${digest.slice(0, SHORT_DIGEST)}` : `${repository}:${tag}`;
}

/** Of `192.0.2.1:1234` or `[2001:db8::1]:1234`, without the port. */
function addressOf(client = ''): string {
  return client.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}
