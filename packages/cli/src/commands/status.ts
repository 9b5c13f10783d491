import type { Status } from '@registry-cache/control';
import type { ControlOptions } from '../control/control-options.ts';
import { openControl } from '../control/open-control.ts';
import { print } from '../control/print.ts';
import { formatStatus } from '../status/report.ts';

/** How the running cache does. */
export async function status(options: ControlOptions): Promise<void> {
  const control = await openControl(options);
  const answer = await control.ask<Status>('GET', '/api/v1/status');
  print(answer, options, (each) => formatStatus(each, options.terminal));
}
