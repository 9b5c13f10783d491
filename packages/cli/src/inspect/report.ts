import type { Inspection } from '@registry-cache/control';
import { formatState } from '../images/list.ts';
import { formatBytes } from '../terminal/quantities.ts';
import type { Style, Terminal } from '../terminal/terminal.ts';
import { formatAgo } from '../terminal/time-spans.ts';
import { formatFills } from '../status/transfers.ts';
import { formatManifests } from './manifests.ts';

type CachedImage = NonNullable<Inspection['image']>;

const NEXT_PULL: Readonly<Record<Inspection['nextPull'], { readonly style: Style; readonly text: string }>> =
  {
    hit: { style: 'green', text: 'a hit: nothing is asked of the upstream' },
    revalidated: { style: 'green', text: 'a hit, once the upstream has confirmed it' },
    miss: { style: 'yellow', text: 'a miss' },
  };

/** What is cached of an image, for people. */
export function formatInspection(
  inspection: Inspection,
  terminal: Terminal,
  nowMs: number = Date.now(),
): string[] {
  const { name, image, fills } = inspection;
  const heading = terminal.style('bold', name);
  if (image === undefined) return [`${heading} is not cached`, ...formatNextPull(inspection, terminal)];
  return [
    `${heading} is ${formatState(image, terminal)}`,
    ...formatImage(image, terminal, nowMs),
    ...formatPins(inspection),
    ...formatNextPull(inspection, terminal),
    '',
    ...formatManifests(image.manifests, terminal, nowMs),
    ...section('running fills', formatFills(fills, terminal, nowMs), terminal),
  ];
}

function formatImage(image: CachedImage, terminal: Terminal, nowMs: number): string[] {
  const { digest, mediaType, sizeBytes, storedBytes, platforms, pulledAtMs, confirmedAtMs } = image;
  const time = (atMs: number): string => `${formatAgo(atMs, nowMs)}, ${new Date(atMs).toISOString()}`;
  const stored = storedBytes === sizeBytes ? '' : `, ${formatBytes(storedBytes)} of it stored`;
  return [
    `digest     ${digest}`,
    ...(mediaType === '' ? [] : [`type       ${mediaType}`]),
    ...(sizeBytes === 0 ? [] : [`size       ${formatBytes(sizeBytes)}${stored}`]),
    ...(platforms.length === 0 ? [] : [`platforms  ${platforms.join(', ')}`]),
    ...(pulledAtMs === undefined ? [] : [`pulled     ${time(pulledAtMs)}`]),
    ...(confirmedAtMs === undefined ? [] : [`confirmed  ${time(confirmedAtMs)}`]),
  ];
}

function formatPins({ isPinned, pins }: Inspection): string[] {
  return isPinned ? [`pinned     by ${pins.join(', ')}: it is never evicted`] : [];
}

function formatNextPull({ nextPull, reasons }: Inspection, terminal: Terminal): string[] {
  const { style, text } = NEXT_PULL[nextPull];
  return [`next pull  ${terminal.style(style, text)}`, ...reasons.map((reason) => `           ${reason}`)];
}

function section(title: string, lines: readonly string[], terminal: Terminal): string[] {
  return lines.length === 0 ? [] : ['', terminal.style('bold', title), ...lines.map((line) => `  ${line}`)];
}
