import type { Inspection } from '@registry-cache/control';
import { EXIT_FAILURE } from '@registry-cache/runtime';
import type { ControlOptions } from '../control/control-options.ts';
import { openControl } from '../control/open-control.ts';
import { print } from '../control/print.ts';
import { formatInspection } from '../inspect/report.ts';

/** One image: what of it is cached, and what its next pull would be. @returns the exit code */
export async function inspect(image: string, options: ControlOptions): Promise<number> {
  const control = await openControl(options);
  const query = new URLSearchParams({ name: image }).toString();
  const answer = await control.ask<Inspection>('GET', `/api/v1/image?${query}`);
  print(answer, options, (each) => formatInspection(each, options.terminal));
  return answer.image === undefined ? EXIT_FAILURE : 0;
}
