import type { DiskStatus, ListedImage } from '@registry-cache/control';
import type { JSX } from 'preact';
import { nameOf } from '../image-name.ts';
import { linkTo } from '../links.ts';
import { formatBytes } from '../quantities.ts';
import { Moment } from './moment.tsx';

export interface NextToGoProps {
  /** What goes first is first. */
  readonly images: readonly ListedImage[];
  readonly disk: DiskStatus;
  readonly nowMs: number;
}

/** What will be evicted when room is needed, and how far that is. */
export function NextToGo({ images, disk, nowMs }: NextToGoProps): JSX.Element {
  return (
    <section class="card">
      <header>
        <h2>What goes next</h2>
        <a href={linkTo('images', { sort: 'oldest' })}>all by age</a>
      </header>
      <p class="note">{describeRoom(disk)}</p>
      {images.length === 0 ? (
        <p class="empty">There is nothing that could go.</p>
      ) : (
        <ol class="rows">
          {images.map((image) => (
            <li key={nameOf(image)} class="going">
              <a class="name" href={linkTo('image', { name: nameOf(image) })}>
                {nameOf(image)}
              </a>
              <span class="muted">{formatBytes(image.storedBytes)}</span>
              <span class="muted when">
                <Moment atMs={image.pulledAtMs} nowMs={nowMs} />
              </span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function describeRoom({ usedBytes, thresholdBytes }: DiskStatus): string {
  if (usedBytes === undefined) return 'The store is being measured.';
  const leftBytes = thresholdBytes - usedBytes;
  return leftBytes > 0
    ? `Nothing has to go before ${formatBytes(leftBytes)} more have come. Then what was not pulled for longest goes first:`
    : 'The next pass makes room. What was not pulled for longest goes first:';
}
