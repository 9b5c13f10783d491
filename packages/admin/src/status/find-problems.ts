import type { Observatory } from '../observation/observatory.ts';

/** Why pulls may not be answered: sentences for people. A worker that sleeps, or is being woken, is well. */
export function findProblems({ processes, blindness }: Observatory): readonly string[] {
  const problems = blindness === undefined ? [] : [`processes do not say how they do: ${blindness}`];
  for (const { id, state } of processes) {
    if (state === 'ended') problems.push(`${id} has ended by itself and waits to be started again`);
  }
  const isServed = processes.some(({ name, state }) => name === 'proxy' && state === 'serving');
  if (!isServed) problems.push('no proxy answers clients yet');
  return problems;
}
