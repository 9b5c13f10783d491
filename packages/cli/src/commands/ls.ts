import type { ImageList, ListedImage } from '@registry-cache/control';
import type { ControlOptions } from '../control/control-options.ts';
import { openControl } from '../control/open-control.ts';
import { print } from '../control/print.ts';
import { nameOf } from '../images/image-name.ts';
import { formatImages } from '../images/list.ts';
import { createTerminal } from '../terminal/terminal.ts';

export interface LsOptions extends ControlOptions {
  /** `quay.io`, `quay.io/org/app`; everything where left out. */
  readonly prefix?: string | undefined;
  readonly sort: 'name' | 'pulled' | 'size';
  /** Names alone. */
  readonly quiet?: boolean;
}

/** The cached images. */
export async function ls(options: LsOptions): Promise<void> {
  const { prefix, sort, quiet = false, terminal } = options;
  const control = await openControl(options);
  const query = prefix === undefined ? '' : `?${new URLSearchParams({ prefix }).toString()}`;
  const answer = await control.ask<ImageList>('GET', `/api/v1/images${query}`);
  const images = answer.images.toSorted(ORDERS[sort]);
  print<ImageList>({ ...answer, images }, options, () =>
    quiet ? images.map(nameOf) : formatImages(images, terminal),
  );
  if (images.length === 0 && options.output === 'text') {
    // Beside the list, for whoever reads it; a program that counts lines finds none.
    createTerminal(process.stderr).print(`nothing is cached${prefix === undefined ? '' : ` of ${prefix}`}`);
  }
}

type Order = (a: ListedImage, b: ListedImage) => number;

const byName: Order = (a, b) => (nameOf(a) < nameOf(b) ? -1 : 1);

const ORDERS: Readonly<Record<LsOptions['sort'], Order>> = {
  name: byName,
  pulled: (a, b) => (b.pulledAtMs ?? 0) - (a.pulledAtMs ?? 0) || byName(a, b),
  size: (a, b) => b.sizeBytes - a.sizeBytes || byName(a, b),
};
