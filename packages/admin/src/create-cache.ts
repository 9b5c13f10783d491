import type { AdminSettings } from '@registry-cache/config';
import { QuestionError } from '@registry-cache/runtime';
import type { Logger } from '@registry-cache/runtime';
import { CacheError, type Cache } from './cache.ts';
import type { HistoryRecorder } from './history/history-recorder.ts';
import type { Images } from './images/images.ts';
import type { Pins } from './images/pins.ts';
import type { Supervisor } from './observation/ask-supervisor.ts';
import type { Observatory } from './observation/observatory.ts';
import { renderMetrics } from './observation/prometheus-text.ts';
import { describeStatus } from './status/describe-status.ts';
import { countHits, describeTraffic } from './status/describe-traffic.ts';
import { findProblems } from './status/find-problems.ts';
import type { Warming } from './warming.ts';

export interface CacheParts {
  readonly settings: () => AdminSettings;
  readonly supervisor: Supervisor;
  readonly observatory: Observatory;
  readonly history: HistoryRecorder;
  readonly images: Images;
  readonly pins: Pins;
  readonly warming: Warming;
  readonly log: Logger;
  readonly now: () => number;
}

// A pass over a million blobs takes a minute; whoever asks can leave earlier.
const CLEAN_TIMEOUT_MS = 15 * 60_000;

/** A cache that also can be looked at when nobody asks, for its history. */
export interface WatchedCache extends Cache {
  look(signal: AbortSignal): Promise<void>;
}

export function createCache(parts: CacheParts): WatchedCache {
  const { settings, supervisor, observatory, history, images, pins, warming, log } = parts;
  const startedAtMs = parts.now();
  const look = async (signal: AbortSignal): Promise<void> => {
    await observatory.look(signal);
    recordHistory(history, observatory);
  };
  return {
    look,
    async status(signal) {
      await look(signal);
      return describeStatus({ observatory, settings: settings(), startedAtMs, warming: warming.jobs() });
    },
    async problems(signal) {
      await look(signal);
      return findProblems(observatory);
    },
    async metrics(signal) {
      await look(signal);
      return renderMetrics(observatory, settings());
    },
    async history(range, signal) {
      await look(signal);
      return history.list(range);
    },
    log: async (after, signal) => ({ lines: await answered(supervisor.log(after, signal)) }),
    images: (prefix, signal) => images.list(prefix, signal),
    async inspect(name, signal) {
      await look(signal);
      return images.inspect(name, signal);
    },
    async remove(name, signal) {
      const report = await images.remove(name, signal);
      observatory.disk.removed(report.bytes, parts.now());
      log.info({ image: name, ...report }, 'image removed');
      await forget(supervisor, log, signal);
      return report;
    },
    pins: () => pins.list(),
    pin: (pattern) => pins.add(pattern),
    unpin: (pattern) => pins.remove(pattern),
    async clean(dryRun, signal) {
      // What was filled before is in what the pass measures.
      await look(signal);
      const bound = AbortSignal.any([signal, AbortSignal.timeout(CLEAN_TIMEOUT_MS)]);
      const report = await answered(supervisor.clean(dryRun, bound));
      images.forget();
      return report;
    },
    warm: (request, signal) => warming.run(request, signal),
  };
}

function recordHistory(history: HistoryRecorder, { counters, disk }: Observatory): void {
  const { requests, clientBytes, upstreamBytes, savedBytes } = describeTraffic(counters);
  const usage = disk.find();
  history.record({
    ...countHits(requests),
    clientBytes,
    upstreamBytes,
    savedBytes,
    ...(usage === undefined ? {} : { usedBytes: usage.estimatedBytes }),
  });
}

/** Workers answer from memory for seconds at most: what does not reach one corrects itself. */
async function forget(supervisor: Supervisor, log: Logger, signal: AbortSignal): Promise<void> {
  try {
    await supervisor.forget(signal);
  } catch (err) {
    if (signal.aborted) throw err;
    log.warn({ err }, 'processes could not be told to forget');
  }
}

async function answered<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    if (!(cause instanceof QuestionError)) throw cause;
    throw new CacheError('UNAVAILABLE', `${cause.message}: try again in a moment`, { cause });
  }
}
