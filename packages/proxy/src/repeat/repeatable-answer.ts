import type { AccessEvent } from '@registry-cache/store/read';
import type { CountedAnswer } from '../traffic.ts';

/** An answer as it went over the wire, which may be given again to a request of the same bytes. */
export interface RepeatableAnswer {
  readonly sizeBytes: number;
  /** By the wall clock. */
  readonly expiresAtMs: number;
  /** What the logger was told of the request that was answered first. */
  readonly event: AccessEvent;
  readonly counted: CountedAnswer;
  /** Head and body as they are at this time of the wall clock: `Date` and `Age` go on. */
  bytes(nowMs: number): Uint8Array;
}

export interface RepeatableAnswerOptions {
  /** All of its bytes, from the status line on. */
  readonly wire: Buffer;
  /** When they were written. */
  readonly writtenAtMs: number;
  readonly expiresAtMs: number;
  readonly event: AccessEvent;
  readonly counted: CountedAnswer;
}

const END_OF_HEAD = '\r\n\r\n';

export function createRepeatableAnswer(options: RepeatableAnswerOptions): RepeatableAnswer {
  const { wire, writtenAtMs, expiresAtMs, event, counted } = options;
  const headEnd = wire.indexOf(END_OF_HEAD) + END_OF_HEAD.length;
  const head = wire.toString('latin1', 0, headEnd);
  const body = wire.subarray(headEnd);
  let current: Uint8Array = wire;
  let second = seconds(writtenAtMs);
  return {
    sizeBytes: wire.length,
    expiresAtMs,
    event,
    counted,
    bytes: (nowMs) => {
      if (seconds(nowMs) !== second) {
        second = seconds(nowMs);
        const elapsed = Math.max(0, second - seconds(writtenAtMs));
        current = Buffer.concat([Buffer.from(headAt(head, nowMs, elapsed), 'latin1'), body]);
      }
      return current;
    },
  };
}

function headAt(head: string, nowMs: number, elapsedSeconds: number): string {
  return head
    .replace(/^date:.*$/im, `Date: ${new Date(nowMs).toUTCString()}`)
    .replace(/^age: *(\d+)$/im, (_line, age: string) => `age: ${Number(age) + elapsedSeconds}`);
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
