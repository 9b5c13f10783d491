import type { ListedImage } from '@registry-cache/control';
import { formatBytes, formatCount } from '../terminal/quantities.ts';
import { formatTable, widthOf, type Column } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { formatAgo } from '../terminal/time-spans.ts';
import { nameOf, shortNameOf } from './image-name.ts';

interface ImageColumn extends Column {
  readonly cell: (image: ListedImage, terminal: Terminal, nowMs: number) => string;
}

const IMAGE: ImageColumn = {
  title: 'IMAGE',
  align: 'left',
  shrinks: true,
  cell: (image, { isInteractive }) => (isInteractive ? shortNameOf(image) : nameOf(image)),
};
const PLATFORM: ImageColumn = {
  title: 'PLATFORM',
  align: 'left',
  cell: ({ platforms }, terminal) => formatPlatforms(platforms, terminal),
};
const SIZE: ImageColumn = {
  title: 'SIZE',
  align: 'right',
  cell: ({ state, sizeBytes }) => (state === 'evicted' ? '-' : formatBytes(sizeBytes)),
};
const PULLED: ImageColumn = {
  title: 'PULLED',
  align: 'left',
  cell: ({ pulledAtMs }, _, nowMs) => formatTime(pulledAtMs, nowMs),
};
const CONFIRMED: ImageColumn = {
  title: 'CONFIRMED',
  align: 'left',
  cell: ({ confirmedAtMs }, _, nowMs) => formatTime(confirmedAtMs, nowMs),
};
const STATE: ImageColumn = {
  title: 'STATE',
  align: 'left',
  cell: (image, terminal) =>
    `${formatState(image, terminal)}${image.isPinned ? `, ${terminal.style('cyan', 'pinned')}` : ''}`,
};

const NARROWEST = [IMAGE, SIZE, PULLED, STATE];
/** The widest first. A name is worth more than columns that other commands show too. */
const LAYOUTS: readonly (readonly ImageColumn[])[] = [
  [IMAGE, PLATFORM, SIZE, PULLED, CONFIRMED, STATE],
  [IMAGE, PLATFORM, SIZE, PULLED, STATE],
  NARROWEST,
];

/** What a terminal's line has room for. */
const SHOWN_PLATFORMS = 1;

/**
 * A line for each image. In a pipe nothing is cut and no column is missing: what reads it there wants all of it. A narrow terminal
 * gets the widest layout that cuts no name.
 */
export function formatImages(
  images: readonly ListedImage[],
  terminal: Terminal,
  nowMs: number = Date.now(),
): string[] {
  const tableOf = (columns: readonly ImageColumn[], maxWidth?: number): string[] =>
    formatTable(
      columns,
      images.map((image) => columns.map(({ cell }) => cell(image, terminal, nowMs))),
      maxWidth,
    );
  const fits = (lines: readonly string[]): boolean =>
    lines.every((line) => widthOf(line) <= terminal.columns);
  const [title = '', ...lines] =
    LAYOUTS.map((columns) => tableOf(columns)).find(fits) ?? tableOf(NARROWEST, terminal.columns);
  return [terminal.style('dim', title), ...lines];
}

/** `complete`; `partial, 3 blobs missing`; `evicted` */
export function formatState(
  { state, missingBlobs }: Pick<ListedImage, 'state' | 'missingBlobs'>,
  terminal: Terminal,
): string {
  switch (state) {
    case 'complete':
      return terminal.style('green', state);
    case 'partial': {
      const missing = missingBlobs === 0 ? '' : `, ${formatCount(missingBlobs, 'blob')} missing`;
      return `${terminal.style('yellow', state)}${missing}`;
    }
    case 'evicted':
      return terminal.style('dim', state);
  }
}

function formatTime(atMs: number | undefined, nowMs: number): string {
  return atMs === undefined ? '-' : formatAgo(atMs, nowMs);
}

function formatPlatforms(platforms: readonly string[], { isInteractive }: Terminal): string {
  if (platforms.length === 0) return '-';
  if (!isInteractive || platforms.length <= SHOWN_PLATFORMS) return platforms.join(',');
  return `${platforms.slice(0, SHOWN_PLATFORMS).join(',')} +${platforms.length - SHOWN_PLATFORMS}`;
}
