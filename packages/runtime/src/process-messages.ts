import type { Observation } from './observation/observation.ts';

/**
 * What a supervisor tells its child over IPC:
 * - `start`: comes first and once;
 * - `reload`: its settings have changed;
 * - `sleep`: it may end, unless it has something to do again: the answer to `idle`;
 * - `make-room`: the disk is full, whoever can free some of it should;
 * - `ask`: to be answered by `answer` with the same number;
 * - `answer`: to what it has asked itself;
 * - `ping`: to be answered by `pong`, by which a process that hangs is told from one that lives.
 */
export type MessageToChild<Settings> =
  | { readonly type: 'start'; readonly settings: Settings }
  | { readonly type: 'reload'; readonly settings: Settings }
  | { readonly type: 'sleep' }
  | { readonly type: 'make-room' }
  | { readonly type: 'ask'; readonly number: number; readonly question: ChildQuestion }
  | AnswerMessage
  | { readonly type: 'ping' };

/**
 * What a child tells its supervisor:
 * - `ready`: it serves;
 * - `reloaded`: it serves by the settings it was sent last;
 * - `idle`: it has had nothing to do for long, and may be told to `sleep`;
 * - `busy`: it was told to, and has something to do;
 * - `wake`: nobody listens at a socket that it has a request for;
 * - `report`: the result of a process that was started for one job;
 * - `disk-full`: it could not write to the data directory for want of room;
 * - `ask` and `answer`: as above, the other way round;
 * - `last-words`: it ends, and this is what has not been observed of it;
 * - `pong`: it lives.
 */
export type MessageToSupervisor =
  | { readonly type: 'ready' }
  | { readonly type: 'reloaded' }
  | { readonly type: 'idle' }
  | { readonly type: 'busy' }
  | { readonly type: 'wake'; readonly socketPath: string }
  | { readonly type: 'report'; readonly report: unknown }
  | { readonly type: 'disk-full' }
  | { readonly type: 'ask'; readonly number: number; readonly question: SupervisorQuestion }
  | AnswerMessage
  | { readonly type: 'last-words'; readonly observation: Observation }
  | { readonly type: 'pong' };

export interface AnswerMessage {
  readonly type: 'answer';
  readonly number: number;
  /** Whatever the question is answered by; missing where there is a problem. */
  readonly answer?: unknown;
  readonly problem?: string;
}

/**
 * What a child can be asked:
 * - `observe`: how it does, answered by an `Observation`;
 * - `forget`: to ask anew for what it would answer from memory, since the store was changed by hand;
 * - `clean`: to clean the store now, answered by a report of it. Only the cleaner does.
 */
export type ChildQuestion =
  | { readonly kind: 'observe' }
  | { readonly kind: 'forget' }
  | { readonly kind: 'clean'; readonly dryRun: boolean };

/**
 * What a child can ask the supervisor:
 * - `observe`: all processes, answered by a `FleetObservation`;
 * - `forget` and `clean`: passed on to whom they concern, and answered as these do;
 * - `log`: for the lines after this number that are still known, answered by `LogLine[]`.
 */
export type SupervisorQuestion = ChildQuestion | { readonly kind: 'log'; readonly after: number };
