import type { WarmEvent } from '@registry-cache/control';
import { MultiBar, type SingleBar } from 'cli-progress';
import type { Terminal } from '../terminal/terminal.ts';
import { formatImageBar, formatSummaryBar, MIN_NAME_WIDTH, type ImageBar } from './format-bars.ts';
import { formatOutcome } from './outcome.ts';
import type { WarmProgress } from './progress.ts';

type Ended = Extract<WarmEvent, { readonly type: 'done' | 'failed' }>;

const DEFAULT_ROWS = 24;
/** The line of all images, and the one that the cursor goes to. */
const OTHER_ROWS = 2;

// What ended is written where the bars were: of them nothing may stay behind it, and it may be longer than a line.
const CLEAR_RIGHT = '\u001b[K';
const WRAP_LINES = '\u001b[?7h';
const CUT_LINES = '\u001b[?7l';

/**
 * A bar for each image that is being fetched, below a line for each that has ended. Where more are fetched than the terminal has
 * lines for, the others have no bar.
 *
 * @param images how many were asked for; a pattern may stand for several
 */
export function createBarProgress(
  images: number,
  stream: NodeJS.WriteStream,
  terminal: Terminal,
): WarmProgress {
  const multiBar = createMultiBar(stream);
  const counts = { ended: 0, failed: 0, running: 0 };
  const columns = (): number => stream.columns || terminal.columns;
  multiBar.create(images, 0, undefined, {
    format: () => formatSummaryBar({ ...counts, asked: images }, terminal),
  });
  const bars = createBars(multiBar, (stream.rows || DEFAULT_ROWS) - OTHER_ROWS, (bar, nameWidth) =>
    formatImageBar(bar, { nameWidth, columns: columns() }, terminal),
  );
  const end = (event: Ended): void => {
    counts.running -= 1;
    counts.ended += 1;
    if (event.type === 'failed') counts.failed += 1;
    multiBar.log(`${WRAP_LINES}${formatOutcome(event, terminal)}${CLEAR_RIGHT}${CUT_LINES}\n`);
    bars.remove(event.image);
  };
  return {
    take(event) {
      switch (event.type) {
        case 'started':
          counts.running += 1;
          return bars.add(event.image);
        case 'progress':
          return bars.set(event);
        case 'done':
        case 'failed':
          return end(event);
      }
    },
    close() {
      // What was logged since it was drawn last.
      multiBar.update();
      multiBar.stop();
    },
  };
}

function createMultiBar(stream: NodeJS.WriteStream): MultiBar {
  return new MultiBar({
    stream,
    hideCursor: true,
    clearOnComplete: true,
    // Lines move up as images end: one that is the same may be elsewhere.
    forceRedraw: true,
    // Whoever asks for the images handles Ctrl-C.
    gracefulExit: false,
  });
}

interface Bars {
  add(image: string): void;
  set(bar: ImageBar): void;
  remove(image: string): void;
}

function createBars(
  multiBar: MultiBar,
  max: number,
  format: (bar: ImageBar, nameWidth: number) => string,
): Bars {
  const shown = new Map<string, SingleBar>();
  const running = new Map<string, ImageBar>();
  // Only ever wider, so that the bars do not jump to and fro.
  let nameWidth = MIN_NAME_WIDTH;
  const show = (bar: ImageBar): void => {
    nameWidth = Math.max(nameWidth, bar.image.length);
    const element = multiBar.create(1, 0, undefined, {
      format: () => format(running.get(bar.image) ?? bar, nameWidth),
    });
    shown.set(bar.image, element);
  };
  return {
    add(image) {
      const bar = { image, bytesDone: 0, bytesTotal: 0 };
      running.set(image, bar);
      if (shown.size < max) show(bar);
    },
    set: (bar) => void running.set(bar.image, bar),
    remove(image) {
      running.delete(image);
      const element = shown.get(image);
      if (element === undefined) return;
      multiBar.remove(element);
      shown.delete(image);
      const waiting = [...running.values()].find((bar) => !shown.has(bar.image));
      if (waiting !== undefined) show(waiting);
    },
  };
}
