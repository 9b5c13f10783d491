import type { FleetObservation, LogLine, SupervisorQuestion } from '@registry-cache/runtime';
import type { CleanReport } from '@registry-cache/store/maintenance';

/** What this process asks its supervisor. Each rejects with a `QuestionError` where there is no answer. */
export interface Supervisor {
  observe(signal: AbortSignal): Promise<FleetObservation>;
  /** Lines after this number that are still known. */
  log(after: number, signal: AbortSignal): Promise<readonly LogLine[]>;
  /** Has all processes drop what they remember of the store. */
  forget(signal: AbortSignal): Promise<void>;
  clean(dryRun: boolean, signal: AbortSignal): Promise<CleanReport>;
}

export type AskSupervisor = (question: SupervisorQuestion, signal: AbortSignal) => Promise<unknown>;

/** The supervisor is of the same build, and so are the processes that it passes questions on to: their answers are not checked. */
export function createSupervisor(ask: AskSupervisor): Supervisor {
  return {
    observe: async (signal) => (await ask({ kind: 'observe' }, signal)) as FleetObservation,
    log: async (after, signal) => (await ask({ kind: 'log', after }, signal)) as readonly LogLine[],
    forget: async (signal) => void (await ask({ kind: 'forget' }, signal)),
    clean: async (dryRun, signal) => (await ask({ kind: 'clean', dryRun }, signal)) as CleanReport,
  };
}
