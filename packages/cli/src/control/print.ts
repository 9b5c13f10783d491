import type { ControlOptions } from './control-options.ts';

/** One JSON document for programs, or lines for people. */
export function print<Answer>(
  answer: Answer,
  { output, terminal }: ControlOptions,
  format: (answer: Answer) => readonly string[],
): void {
  if (output === 'json') terminal.print(JSON.stringify(answer, undefined, 2));
  else for (const line of format(answer)) terminal.print(line);
}
