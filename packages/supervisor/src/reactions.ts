import type { MessageToSupervisor, Observation, SupervisorQuestion } from '@registry-cache/runtime';
import type { Child } from './child.ts';
import { reasonOf } from './supervisor-error.ts';

/** What a process's messages mean for others. */
export interface Reactions {
  /** It has a request for a process that does not listen at its socket. */
  readonly onWake: (socketPath: string) => void;
  /** It could not write to the data directory for want of room. */
  readonly onDiskFull: () => void;
  /** It asks something, to be answered in time. */
  readonly onQuestion: (question: SupervisorQuestion) => Promise<unknown>;
  /** It ends, and this is what has not been observed of it. */
  readonly onLastWords: (observation: Observation) => void;
}

/** Passes on what concerns others than the process itself, and has its question answered. */
export function react(message: MessageToSupervisor, reactions: Reactions, child: Child | undefined): void {
  switch (message.type) {
    case 'disk-full':
      return reactions.onDiskFull();
    case 'wake':
      return reactions.onWake(message.socketPath);
    case 'last-words':
      return reactions.onLastWords(message.observation);
    case 'ask':
      return void answer(message.number, reactions.onQuestion(message.question), child);
    // About the process itself.
    case 'ready':
    case 'reloaded':
    case 'idle':
    case 'busy':
    case 'answer':
    case 'pong':
    // Only processes that are run for one job have one.
    case 'report':
      return;
  }
}

async function answer(number: number, answered: Promise<unknown>, child: Child | undefined): Promise<void> {
  try {
    child?.send({ type: 'answer', number, answer: await answered });
  } catch (err) {
    child?.send({ type: 'answer', number, problem: reasonOf(err) });
  }
}
