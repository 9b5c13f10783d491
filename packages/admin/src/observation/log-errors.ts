import { cleanText } from '@registry-cache/oci';
import type { LoggedError } from '@registry-cache/control';
import type { LogLine } from '@registry-cache/runtime';

/** The last warnings and errors that processes have logged. */
export interface LogErrors {
  /** Lines after the last that were taken. */
  take(lines: readonly LogLine[]): void;
  /** Of the last line that was taken; 0 before the first. */
  readonly lastNumber: number;
  /** The latest last. */
  list(): readonly LoggedError[];
}

const MAX_ERRORS = 50;

export function createLogErrors(): LogErrors {
  let errors: readonly LoggedError[] = [];
  let lastNumber = 0;
  return {
    get lastNumber() {
      return lastNumber;
    },
    take(lines) {
      const fresh = lines.filter(({ number }) => number > lastNumber);
      lastNumber = fresh.at(-1)?.number ?? lastNumber;
      const found = fresh.map(({ line }) => findLoggedError(line)).filter((error) => error !== undefined);
      errors = [...errors, ...found].slice(-MAX_ERRORS);
    },
    list: () => errors,
  };
}

/** Undefined for a line of another level. */
function findLoggedError(line: string): LoggedError | undefined {
  const fields = parseFields(line);
  const level = LEVELS.find((each) => each === fields['level']);
  if (level === undefined) return undefined;
  const reason = reasonOf(fields);
  return {
    atMs: Date.parse(textOf(fields['time']) ?? '') || 0,
    level,
    process: processOf(fields),
    message: textOf(fields['msg']) ?? '',
    ...(reason === undefined ? {} : { reason: cleanText(reason) }),
  };
}

const LEVELS = ['warn', 'error', 'fatal'] as const;

function parseFields(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

/** `worker quay.io`, `proxy 2`: as the supervisor calls them. */
function processOf(fields: Readonly<Record<string, unknown>>): string {
  const parts = [fields['process'], fields['upstream'], fields['number']];
  return parts
    .map(textOf)
    .filter((part) => part !== undefined)
    .join(' ');
}

/** What has failed in words, or else whatever the line says besides: `method=GET path=/v2/… status=503`. */
function reasonOf(fields: Readonly<Record<string, unknown>>): string | undefined {
  const { reason, err, problem, warning } = fields;
  const named = [reason, problem, warning, isRecord(err) ? err['message'] : undefined];
  return named.map(textOf).find((text) => text !== undefined) ?? textOf(describeOthers(fields));
}

function describeOthers(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .filter(([key, value]) => !TOLD.includes(key) && textOf(value) !== undefined)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(' ');
}

const TOLD = ['level', 'time', 'process', 'upstream', 'number', 'msg'];

function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
