import type {
  FleetObservation,
  Increment,
  LogLine,
  Observation,
  ObservedProcess,
  ProcessDescription,
  SupervisorQuestion,
} from '@registry-cache/runtime';
import { setTimeout as delay } from 'node:timers/promises';
import type { SupervisedProcess } from './supervised-process.ts';

/** Answers what the admin process asks about the others. */
export interface Questions {
  answer(question: SupervisorQuestion): Promise<unknown>;
  /** Keeps what a process that ends says, until somebody asks. */
  lastWords(process: SupervisedProcess, observation: Observation): void;
}

export interface QuestionsOptions {
  readonly processes: () => readonly SupervisedProcess[];
  readonly recentLines: (after: number) => readonly LogLine[];
}

// A process that is busy for longer is seen without what it has to tell, and tells it the next time.
const OBSERVE_TIMEOUT_MS = 2000;
const LATE_TIMEOUT_MS = 10 * 60_000;
const FORGET_TIMEOUT_MS = 2000;
// A pass over a large store on a slow disk.
const CLEAN_TIMEOUT_MS = 60 * 60_000;

const STARTED_AT_MS = performance.timeOrigin;

export function createQuestions({ processes, recentLines }: QuestionsOptions): Questions {
  let departed = new Map<string, ObservedProcess>();
  let observedAtMs = STARTED_AT_MS;

  const keep = (description: ProcessDescription, observation: Observation): void => {
    const earlier = departed.get(description.id)?.observation;
    departed.set(description.id, { ...description, observation: withEarlier(observation, earlier) });
  };
  const observeProcess = async (one: SupervisedProcess): Promise<ObservedProcess> => {
    const answered = one.ask({ kind: 'observe' }, AbortSignal.timeout(LATE_TIMEOUT_MS));
    const observation = await inTime(answered, (late) => keep(one.describe(), late));
    const description = one.describe();
    return observation === undefined ? description : { ...description, observation };
  };
  const observe = async (): Promise<FleetObservation> => {
    const sinceMs = observedAtMs;
    observedAtMs = Date.now();
    const observed = await Promise.all(processes().map(observeProcess));
    const gone = departed;
    departed = new Map();
    return {
      supervisor: {
        pid: process.pid,
        startedAtMs: STARTED_AT_MS,
        residentBytes: process.memoryUsage.rss(),
      },
      sinceMs,
      processes: observed,
      departed: [...gone.values()],
    };
  };
  const forget = async (): Promise<void> => {
    // A proxy that forgets before its workers could be told the same again. Who ends meanwhile forgets all the same.
    for (const isWorker of [true, false]) {
      // Of each: a worker that hangs must not keep a proxy from being told.
      const signal = AbortSignal.timeout(FORGET_TIMEOUT_MS);
      const those = processes().filter(({ name }) => (name === 'worker') === isWorker);
      await Promise.allSettled(those.map((one) => one.ask({ kind: 'forget' }, signal)));
    }
  };
  const clean = async (dryRun: boolean): Promise<unknown> => {
    const cleaner = processes().find(({ name }) => name === 'cleaner');
    const report = await cleaner?.ask({ kind: 'clean', dryRun }, AbortSignal.timeout(CLEAN_TIMEOUT_MS));
    if (report === undefined) throw new Error('the cleaner is restarting: try again');
    return report;
  };

  return {
    async answer(question) {
      switch (question.kind) {
        case 'observe':
          return observe();
        case 'forget':
          return forget();
        case 'clean':
          return clean(question.dryRun);
        case 'log':
          return recentLines(question.after);
      }
    },
    lastWords: (ending, observation) => keep(ending.describe(), observation),
  };
}

/** Months may pass until somebody asks, and a worker may end many times. */
function withEarlier(observation: Observation, earlier: Observation | undefined): Observation {
  if (earlier === undefined) return observation;
  const increments = new Map<string, Increment>();
  for (const increment of [...earlier.increments, ...observation.increments]) {
    const key = JSON.stringify([increment.series, increment.labels]);
    increments.set(key, { ...increment, by: increment.by + (increments.get(key)?.by ?? 0) });
  }
  return {
    ...observation,
    increments: [...increments.values()],
    cpuSeconds: earlier.cpuSeconds + observation.cpuSeconds,
  };
}

/** What is answered soon; what is answered later has been counted all the same, and is handed to `onLate`. */
async function inTime(
  answered: Promise<unknown>,
  onLate: (observation: Observation) => void,
): Promise<Observation | undefined> {
  const waiting = new AbortController();
  const timeout = delay(OBSERVE_TIMEOUT_MS, undefined, { signal: waiting.signal }).catch(() => undefined);
  // One that ends meanwhile has last words.
  const observed = answered
    .then((answer) => (isObservation(answer) ? answer : undefined))
    .catch(() => undefined);
  const first = await Promise.race([observed.then((answer) => ({ answer })), timeout]);
  waiting.abort();
  if (first !== undefined) return first.answer;
  void observed.then((late) => {
    if (late !== undefined) onLate(late);
  });
  return undefined;
}

/** Children are of the same build: it is there or it is not. */
function isObservation(answer: unknown): answer is Observation {
  return typeof answer === 'object' && answer !== null && 'increments' in answer;
}
