import { formatBar } from '../terminal/bar.ts';
import { formatBytes } from '../terminal/quantities.ts';
import { cutMiddle } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** How far one image is. */
export interface ImageBar {
  readonly image: string;
  readonly bytesDone: number;
  readonly bytesTotal: number;
}

export const MIN_NAME_WIDTH = 20;
const BAR_WIDTH = 24;
/** ` 100 %  1023.9 MiB of 1023.9 MiB`, and the gap before the bar. */
const OTHER_WIDTH = 36;

/** `quay.io/org/app:1.0   ━━━━━━────  45 %  12.0 MiB of 26.0 MiB` */
export function formatImageBar(
  { image, bytesDone, bytesTotal }: ImageBar,
  room: { readonly nameWidth: number; readonly columns: number },
  terminal: Terminal,
): string {
  const widest = Math.max(MIN_NAME_WIDTH, room.columns - BAR_WIDTH - OTHER_WIDTH);
  const nameWidth = Math.min(room.nameWidth, widest);
  const name = cutMiddle(image, nameWidth).padEnd(nameWidth);
  // Until its manifests are read nobody knows how much there is.
  const share = bytesTotal === 0 ? 0 : Math.min(1, bytesDone / bytesTotal);
  const percent = `${String(Math.floor(share * 100)).padStart(3)} %`;
  const figures = bytesTotal === 0 ? '' : `  ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}`;
  return `${name}  ${formatBar(share, BAR_WIDTH, 'cyan', terminal)} ${percent}${figures}`;
}

/** `warming 3 of 12 images, 1 failed` */
export function formatSummaryBar(
  counts: {
    readonly ended: number;
    readonly failed: number;
    readonly running: number;
    readonly asked: number;
  },
  terminal: Terminal,
): string {
  const { ended, failed, running, asked } = counts;
  const failures = failed === 0 ? '' : `, ${terminal.style('red', `${failed} failed`)}`;
  return `${terminal.style('bold', 'warming')}  ${ended} of ${Math.max(asked, ended + running)} images${failures}`;
}
