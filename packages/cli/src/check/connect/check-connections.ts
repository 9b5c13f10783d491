import type { Settings } from '@registry-cache/config';
import { diagnoseCache } from './cache-steps.ts';
import type { Diagnosis } from './diagnosis.ts';
import { diagnoseTarget } from './diagnose-target.ts';
import { findKnownManifests } from './known-manifest.ts';
import { namedImages } from './named-images.ts';
import { targetsOf } from './target.ts';
import { trustAdvice } from './trust-advice.ts';

export interface ConnectionOptions {
  /** Images to ask for, as they are pulled; what is known otherwise. */
  readonly images: readonly string[];
  /** For each server. */
  readonly timeoutMs: number;
}

/** What was found about every server that pulls depend on. Nothing of it is secret. */
export interface Connections {
  /** Something that pulls need does not work. */
  readonly isBroken: boolean;
  readonly diagnoses: readonly Diagnosis[];
  /** What to do, a line each. */
  readonly advice: readonly string[];
}

const MAX_AT_A_TIME = 8;

/** Tries every upstream, their neighbours, and the cache itself. @throws {CommandFailure} when an image names no upstream */
export async function checkConnections(
  { upstreams, http, storage, outboundProxy }: Settings,
  { images, timeoutMs }: ConnectionOptions,
): Promise<Connections> {
  const named = namedImages(images, upstreams);
  const targets = [];
  for (const upstream of upstreams) {
    const known = await findKnownManifests(upstream, storage.rootDirectory);
    targets.push(...targetsOf(upstream, [...(named.get(upstream.name) ?? []), ...known]));
  }
  const startDeadline = (): { signal: AbortSignal; timeoutMs: number } => ({
    signal: AbortSignal.timeout(timeoutMs),
    timeoutMs,
  });
  const tasks = [
    ...targets.map((target) => () => diagnoseTarget(target, { outboundProxy, deadline: startDeadline() })),
    () => diagnoseCache(http, startDeadline()),
  ];
  const diagnoses = await runBounded(tasks);
  const steps = diagnoses.flatMap((diagnosis) => diagnosis.steps);
  const advice = [...steps.flatMap((step) => step.advice ?? []), ...trustAdvice(diagnoses, upstreams)];
  return {
    isBroken: steps.some(({ outcome }) => outcome === 'failed'),
    diagnoses,
    advice: [...new Set(advice)],
  };
}

async function runBounded<Result>(tasks: readonly (() => Promise<Result>)[]): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = tasks.entries();
  const work = async (): Promise<void> => {
    // All workers share one iterator.
    for (const [index, task] of waiting) results[index] = await task();
  };
  await Promise.all(Array.from({ length: MAX_AT_A_TIME }, work));
  return results;
}
