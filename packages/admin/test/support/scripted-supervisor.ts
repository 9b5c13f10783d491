import {
  createTally,
  type FleetObservation,
  type Observation,
  type ObservedProcess,
  type SupervisorQuestion,
  type Tally,
} from '@registry-cache/runtime';

/** Answers the admin process as a supervisor would whose processes do what a test says. */
export interface ScriptedSupervisor {
  readonly questions: SupervisorQuestion[];
  /** Changed by tests between two looks. */
  readonly processes: ScriptedProcess[];
  readonly departed: ObservedProcess[];
  readonly lines: string[];
  /** What one pass of the cleaner reports, whatever it is asked. */
  cleanReport: unknown;
  /** Fails every question while it is set. */
  failure: Error | undefined;
  ask(this: void, question: SupervisorQuestion): Promise<unknown>;
}

export interface ScriptedProcess extends Omit<ObservedProcess, 'observation'> {
  /** Counts for it, until it is asked. */
  readonly tally: Tally;
  /** Besides what was counted; none where it does not answer. */
  observation?: Partial<Observation>;
}

export function createScriptedSupervisor(): ScriptedSupervisor {
  const supervisor: ScriptedSupervisor = {
    questions: [],
    processes: [],
    departed: [],
    lines: [],
    cleanReport: undefined,
    failure: undefined,
    async ask(question) {
      supervisor.questions.push(question);
      if (supervisor.failure !== undefined) throw supervisor.failure;
      switch (question.kind) {
        case 'observe':
          return {
            processes: supervisor.processes.map(observed),
            supervisor: { pid: 1, startedAtMs: 1_000, residentBytes: 2_000 },
            sinceMs: 1_000,
            departed: supervisor.departed.splice(0),
          } satisfies FleetObservation;
        case 'clean':
          return supervisor.cleanReport;
        case 'forget':
          return undefined;
        case 'log':
          return supervisor.lines
            .map((line, index) => ({ number: index + 1, line }))
            .filter(({ number }) => number > question.after);
      }
    },
  };
  return supervisor;
}

/** Has answered, and serves, unless told otherwise. */
export function scriptedProcess(
  process: Partial<Omit<ScriptedProcess, 'tally'>> & Pick<ScriptedProcess, 'id' | 'name'>,
): ScriptedProcess {
  return { state: 'serving', restarts: 0, observation: {}, tally: createTally(), ...process };
}

/** One that sleeps or has ended cannot answer. */
function observed({ tally, observation, ...description }: ScriptedProcess): ObservedProcess {
  if (description.state !== 'serving' || observation === undefined) return description;
  return { ...description, observation: observationOf(tally, observation) };
}

export function observationOf(tally: Tally, observation: Partial<Observation> = {}): Observation {
  return { increments: tally.take(), gauges: [], residentBytes: 1_000, cpuSeconds: 0.5, ...observation };
}
