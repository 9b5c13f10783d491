/** The least serious first. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

export type LogLevelName = (typeof LOG_LEVELS)[number];

export function findLevel(name: unknown): LogLevelName | undefined {
  return LOG_LEVELS.find((level) => level === name);
}

export function isAtLeast(level: LogLevelName, bound: LogLevelName): boolean {
  return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(bound);
}
