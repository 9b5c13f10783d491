import type { RemovalReport } from '@registry-cache/control';
import type { ControlOptions } from '../control/control-options.ts';
import { eachNamed } from '../control/each-named.ts';
import { openControl } from '../control/open-control.ts';
import { formatRemoval } from '../images/removal.ts';

interface Removal extends RemovalReport {
  readonly image: string;
}

/** Removes images from the cache; the upstream keeps them. @returns the exit code */
export async function rm(images: readonly string[], options: ControlOptions): Promise<number> {
  const { output, terminal } = options;
  const control = await openControl(options);
  const removals: Removal[] = [];
  const exitCode = await eachNamed(images, async (image) => {
    const query = new URLSearchParams({ name: image }).toString();
    const report = await control.ask<RemovalReport>('DELETE', `/api/v1/image?${query}`);
    removals.push({ image, ...report });
    if (output === 'text') terminal.print(formatRemoval(image, report));
  });
  if (output === 'json') terminal.print(JSON.stringify({ removals }, undefined, 2));
  return exitCode;
}
