import type { HistoryPoint } from '@registry-cache/control';
import type { Logger } from '@registry-cache/runtime';
import type { HistoryFile } from '@registry-cache/store';
import { formatPoint, parsePoints } from './point-line.ts';

/** What was counted, in steps of one length, on disk and in memory. */
export interface Series {
  /** Adds to a step. The one before is written to disk as soon as another begins. */
  add(at: number, counted: Counted): void;
  /** Puts another point in place of one, on disk too. */
  correct(point: HistoryPoint): void;
  /** Sorted by time. Steps in which this process did not run are not there. */
  points(fromSeconds: number, toSeconds: number): readonly HistoryPoint[];
  /** Writes the step that is under way; resolves when everything is on disk, or has failed to get there. */
  flush(): Promise<void>;
}

export type Counted = Omit<HistoryPoint, 'at'>;

export interface SeriesOptions {
  readonly file: HistoryFile;
  readonly stepSeconds: number;
  readonly keepSeconds: number;
  readonly log: Logger;
  readonly now: () => number;
}

/** Reads what is on disk. A line that is no point is passed over, and the last one of a step counts. */
export async function openSeries(options: SeriesOptions): Promise<Series> {
  const { stepSeconds, keepSeconds, now } = options;
  const stored = await readPoints(options);
  const points = new Map(stored.map((point) => [point.at, point]));
  const writer = createWriter(options, stored.length, () => {
    trim(points, now() / 1000 - keepSeconds, (2 * keepSeconds) / stepSeconds);
    return [...points.values()].toSorted(byTime);
  });
  let current: number | undefined;
  const write = (): void => {
    const point = current === undefined ? undefined : points.get(current);
    if (point !== undefined) writer.write(point);
  };
  return {
    add(at, counted) {
      if (at !== current) {
        write();
        current = at;
      }
      points.set(at, addTo(points.get(at), at, counted));
    },
    correct(point) {
      points.set(point.at, point);
      writer.write(point);
    },
    points: (fromSeconds, toSeconds) =>
      [...points.values()].filter(({ at }) => at >= fromSeconds && at <= toSeconds).toSorted(byTime),
    async flush() {
      write();
      current = undefined;
      await writer.idle();
    },
  };
}

async function readPoints({ file, log }: SeriesOptions): Promise<readonly HistoryPoint[]> {
  try {
    return parsePoints(await file.read());
  } catch (err) {
    log.warn({ err }, 'history cannot be read, it begins anew');
    return [];
  }
}

interface Writer {
  write(point: HistoryPoint): void;
  idle(): Promise<void>;
}

/** Appends, and writes everything anew when half of the lines are of no use, or when appending has failed half way. */
function createWriter(
  { file, stepSeconds, keepSeconds, log }: SeriesOptions,
  storedLines: number,
  allPoints: () => readonly HistoryPoint[],
): Writer {
  let lines = storedLines;
  let isDamaged = false;
  let queue = Promise.resolve();
  const write = async (point: HistoryPoint): Promise<void> => {
    try {
      if (isDamaged || lines >= (2 * keepSeconds) / stepSeconds) {
        const kept = allPoints();
        await file.rewrite(kept.map(formatPoint));
        lines = kept.length;
      } else {
        await file.append(formatPoint(point));
        lines += 1;
      }
      isDamaged = false;
    } catch (err) {
      if (!isDamaged) log.warn({ err }, 'history cannot be written, it is tried again');
      isDamaged = true;
    }
  };
  return {
    write: (point) => void (queue = queue.then(() => write(point))),
    idle: () => queue,
  };
}

/**
 * A clock that was set back makes points of the future, which may be the true ones: they stay while there is room. What is too old goes
 * by today's clock.
 */
function trim(points: Map<number, HistoryPoint>, oldestSeconds: number, maxPoints: number): void {
  const ats = [...points.keys()].toSorted((a, b) => a - b);
  const kept = new Set(ats.filter((at) => at >= oldestSeconds).slice(0, maxPoints));
  for (const at of ats) if (!kept.has(at)) points.delete(at);
}

export function addTo(point: HistoryPoint | undefined, at: number, counted: Counted): HistoryPoint {
  const usedBytes = counted.usedBytes ?? point?.usedBytes;
  return {
    at,
    hits: (point?.hits ?? 0) + counted.hits,
    misses: (point?.misses ?? 0) + counted.misses,
    clientBytes: (point?.clientBytes ?? 0) + counted.clientBytes,
    upstreamBytes: (point?.upstreamBytes ?? 0) + counted.upstreamBytes,
    savedBytes: (point?.savedBytes ?? 0) + counted.savedBytes,
    ...(usedBytes === undefined ? {} : { usedBytes }),
  };
}

function byTime(a: HistoryPoint, b: HistoryPoint): number {
  return a.at - b.at;
}
