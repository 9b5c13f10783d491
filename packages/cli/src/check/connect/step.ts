/**
 * What is tried with one server, in this order:
 * `ping` is `GET /v2/`, `manifest` one HEAD, `listen` whether the cache itself runs.
 */
export type StepName = 'listen' | 'dns' | 'tcp' | 'tls' | 'clock' | 'ping' | 'login' | 'manifest';

/**
 * - `ok`: as it should be;
 * - `warning`: pulls work, and somebody should know;
 * - `failed`: something that pulls need does not work;
 * - `skipped`: not tried, and the message says why.
 */
export type StepOutcome = 'ok' | 'warning' | 'failed' | 'skipped';

/** Nothing of it is secret. */
export interface Step {
  readonly name: StepName;
  readonly outcome: StepOutcome;
  readonly message: string;
  /** What to do, in one line that can be read without the message. */
  readonly advice?: string;
}

export function ok(name: StepName, message: string): Step {
  return { name, outcome: 'ok', message };
}

export function skipped(name: StepName, message: string): Step {
  return { name, outcome: 'skipped', message };
}

export function warning(name: StepName, message: string, advice?: string): Step {
  return { name, outcome: 'warning', message, ...(advice === undefined ? {} : { advice }) };
}

export function failed(name: StepName, message: string, advice?: string): Step {
  return { name, outcome: 'failed', message, ...(advice === undefined ? {} : { advice }) };
}
