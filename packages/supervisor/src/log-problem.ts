import { ConfigError } from '@registry-cache/config';
import type { Logger } from '@registry-cache/runtime';
import { SupervisorError } from './supervisor-error.ts';

/**
 * Logs why the cache cannot go by its settings: one line for each mistake in them. Whoever runs the cache can mend what is
 * foreseen; a stack is for the rest.
 */
export function logProblem(log: Logger, err: unknown, message: string): void {
  if (err instanceof ConfigError) {
    for (const { key, message: problem } of err.problems) log.error({ key, problem }, message);
  } else if (err instanceof SupervisorError) {
    log.error({ code: err.code, problem: err.message }, message);
  } else {
    log.error({ err }, message);
  }
}
