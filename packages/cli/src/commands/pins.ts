import type { PinList } from '@registry-cache/control';
import type { ControlOptions } from '../control/control-options.ts';
import { eachNamed } from '../control/each-named.ts';
import { openControl } from '../control/open-control.ts';
import { print } from '../control/print.ts';
import { formatTable, type Column } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';

const PATH = '/api/v1/pins';
const COLUMNS: readonly Column[] = [
  { title: 'PATTERN', align: 'left' },
  { title: 'FROM', align: 'left' },
];

/** What is pinned. */
export async function pins(options: ControlOptions): Promise<void> {
  const control = await openControl(options);
  const answer = await control.ask<PinList>('GET', PATH);
  print(answer, options, ({ pins: all }) => {
    const [title = '', ...lines] = formatTable(
      COLUMNS,
      all.map(({ pattern, from }) => [pattern, from]),
    );
    return [options.terminal.style('dim', title), ...lines];
  });
}

/** Pins what these patterns match, now and later. @returns the exit code */
export function pin(patterns: readonly string[], options: ControlOptions): Promise<number> {
  return change('POST', patterns, options);
}

/** @returns the exit code */
export function unpin(patterns: readonly string[], options: ControlOptions): Promise<number> {
  return change('DELETE', patterns, options);
}

async function change(
  method: 'POST' | 'DELETE',
  patterns: readonly string[],
  options: ControlOptions,
): Promise<number> {
  const control = await openControl(options);
  let answer: PinList | undefined;
  const exitCode = await eachNamed(patterns, async (pattern) => {
    answer = await control.ask<PinList>(method, PATH, { pattern });
    if (options.output === 'text') report(method, pattern, options.terminal);
  });
  if (options.output === 'json')
    print(answer ?? (await control.ask<PinList>('GET', PATH)), options, () => []);
  return exitCode;
}

function report(method: 'POST' | 'DELETE', pattern: string, terminal: Terminal): void {
  terminal.print(`${pattern} is ${method === 'POST' ? 'pinned' : 'pinned no more'}`);
}
