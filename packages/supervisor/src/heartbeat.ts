/** Watches one life of a process. Whoever starts it closes it. */
export interface Heartbeat {
  /** The process has said something: it lives. */
  answered(): void;
  close(): void;
}

export interface HeartbeatOptions {
  /** How often the process is asked. */
  readonly everyMs: number;
  /** Asks it; the answer is for `answered`. */
  readonly ping: () => void;
  /** It has not answered any of the last questions. */
  readonly onSilence: () => void;
}

// At ten seconds each, one minute: nothing that a process does in one go takes that long, however busy the machine.
const MAX_UNANSWERED = 6;

/**
 * Asks a process again and again whether it lives, and gives it up after `MAX_UNANSWERED` questions in a row. Questions are
 * counted rather than time: after the whole machine was suspended, nobody has been silent.
 */
export function startHeartbeat({ everyMs, ping, onSilence }: HeartbeatOptions): Heartbeat {
  let unanswered = 0;
  const timer = setInterval(() => {
    if (unanswered === MAX_UNANSWERED) {
      clearInterval(timer);
      return onSilence();
    }
    unanswered += 1;
    ping();
  }, everyMs).unref();
  return {
    answered() {
      unanswered = 0;
    },
    close: () => clearInterval(timer),
  };
}
