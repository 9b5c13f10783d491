import type { PinRequest, WarmRequest } from '@registry-cache/control';
import * as v from 'valibot';
import { CacheError, type HistoryRange } from '../cache.ts';

const RANGES = ['day', 'month', 'year'] as const;
const MAX_IMAGES = 1_000;

const PIN = v.strictObject({ pattern: v.string() });
const CLEAN = v.strictObject({ dryRun: v.boolean() });
const COUNT = v.pipe(v.number(), v.integer(), v.minValue(1));
const WARM = v.strictObject({
  images: v.pipe(
    v.array(v.string()),
    v.minLength(1, 'expected at least one image'),
    v.maxLength(MAX_IMAGES, `expected at most ${MAX_IMAGES} images at a time`),
  ),
  platforms: v.optional(v.array(v.string())),
  concurrency: v.pipe(COUNT, v.maxValue(64)),
  bytesPerSecond: v.optional(COUNT),
});

/** @throws {CacheError} `INVALID`, as all of these do */
export function parsePin(body: unknown): PinRequest {
  return parse(PIN, body);
}

export function parseClean(body: unknown): { readonly dryRun: boolean } {
  return parse(CLEAN, body);
}

export function parseWarm(body: unknown): WarmRequest {
  const { platforms, bytesPerSecond, ...request } = parse(WARM, body);
  return {
    ...request,
    ...(platforms === undefined ? {} : { platforms }),
    ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
  };
}

export function parseRange(text: string): HistoryRange {
  const range = RANGES.find((each) => each === text);
  if (range === undefined) throw new CacheError('INVALID', `expected a range of ${RANGES.join(', ')}`);
  return range;
}

export function parseNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new CacheError('INVALID', 'expected the number of a line');
  return Number(text);
}

function parse<Output>(schema: v.GenericSchema<unknown, Output>, body: unknown): Output {
  const result = v.safeParse(schema, body);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const key = v.getDotPath(issue);
  throw new CacheError('INVALID', key === null ? issue.message : `${key}: ${issue.message}`);
}
