import type { AdminSettings, AdminUpstream, WarmRule } from '@registry-cache/config';
import type { WarmRequest } from '@registry-cache/control';
import { createFileStore } from '@registry-cache/store';
import { CacheError } from '../cache.ts';
import type { Warming, WarmingOptions } from '../warming.ts';
import { allOf, createBandwidth } from './bandwidth.ts';
import { blobsAtOnce } from './connection-share.ts';
import { createTurns, type Turns } from './turns.ts';
import { createJobsByHand } from './jobs-by-hand.ts';
import { parsePlatform, type Platform } from './platform.ts';
import { createSchedule } from './schedule.ts';
import { runWarmJob, type WarmGround, type WarmJob } from './warm-job.ts';
import { parseWarmTarget } from './warm-target.ts';
import { createWorkerLink } from './worker-link.ts';

const MAX_CONCURRENCY = 64;

export function createWarming(options: WarmingOptions): Warming {
  const { log, wake, now } = options;
  let { settings } = options;
  const link = createWorkerLink({ wake });
  // What the rules and every job by hand share, also of a limit.
  const bandwidth = createBandwidth({ bytesPerSecond: () => settings.warm.bytesPerSecond });
  const turnsOfRules = createTurns(() => settings.warm.concurrency);
  const ground: WarmGround = {
    upstreams: () => settings.upstreams,
    link,
    blobTurns: createBlobTurns(() => settings.upstreams),
    store: createFileStore({ rootDirectory: settings.rootDirectory }),
    now,
  };
  const byHand = createJobsByHand(ground);
  const schedule = createSchedule({
    log,
    now,
    random: Math.random,
    run: (rule, emit, signal) => {
      const { concurrency } = settings.warm;
      const parsed = readJob(textsOf(rule), rule.platforms, settings);
      return runWarmJob({ ...parsed, concurrency, turns: turnsOfRules, bandwidth }, ground, emit, signal);
    },
  });
  schedule.update(settings.warm.rules);

  return {
    run(request, signal) {
      const { concurrency } = request;
      checkRequest(request);
      const limit = createBandwidth({ bytesPerSecond: () => request.bytesPerSecond });
      const job = {
        ...readJob(request.images, request.platforms, settings),
        concurrency,
        turns: createTurns(() => concurrency),
        bandwidth: allOf([limit, bandwidth]),
      };
      return byHand.follow(job, signal);
    },
    jobs: () => [...byHand.status(), ...schedule.status()],
    reload(next) {
      settings = next;
      schedule.update(settings.warm.rules);
    },
    async close() {
      await Promise.all([schedule.close(), byHand.close()]);
      link.close();
    },
  };
}

function createBlobTurns(upstreams: WarmGround['upstreams']): WarmGround['blobTurns'] {
  const byUpstream = new Map<string, Turns>();
  return (upstream) => {
    const { name } = upstream;
    const now = (): AdminUpstream => upstreams().find((each) => each.name === name) ?? upstream;
    const turns = byUpstream.get(name) ?? createTurns(() => blobsAtOnce(now()));
    byUpstream.set(name, turns);
    return turns;
  };
}

/** @throws {CacheError} `INVALID` */
function readJob(
  images: readonly string[],
  platforms: readonly string[] | undefined,
  { upstreams }: AdminSettings,
): { readonly targets: WarmJob['targets']; readonly platforms: readonly Platform[] | undefined } {
  return {
    targets: images.map((image) => parseWarmTarget(image, upstreams)),
    platforms: platforms?.map(parsePlatform),
  };
}

function textsOf({ repository, select }: WarmRule): readonly string[] {
  if (select.kind === 'digest') return [`${repository}@${select.digest}`];
  return select.patterns.map((pattern) => `${repository}:${pattern}`);
}

/** @throws {CacheError} `INVALID` */
function checkRequest({ images, concurrency, bytesPerSecond }: WarmRequest): void {
  if (images.length === 0)
    throw new CacheError('INVALID', 'nothing to warm: name an image such as quay.io/org/app:1.0');
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > MAX_CONCURRENCY) {
    throw new CacheError(
      'INVALID',
      `concurrency: expected 1 to ${MAX_CONCURRENCY} images at a time, got ${concurrency}`,
    );
  }
  if (bytesPerSecond !== undefined && !(bytesPerSecond >= 1)) {
    throw new CacheError('INVALID', `bytesPerSecond: expected 1 or more, got ${bytesPerSecond}`);
  }
}
