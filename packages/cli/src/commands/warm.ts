import { InvalidValueError, parseByteSize } from '@registry-cache/config';
import type { WarmEvent, WarmRequest } from '@registry-cache/control';
import { EXIT_FAILURE } from '@registry-cache/runtime';
import { CommandFailure } from '../command-failure.ts';
import type { ControlOptions } from '../control/control-options.ts';
import { openControl } from '../control/open-control.ts';
import { formatDuration } from '../terminal/quantities.ts';
import { parseFlag } from '../parse-flag.ts';
import { stopSignal } from '../terminal/stop-signal.ts';
import { readImageFile } from '../warm/image-file.ts';
import { createJsonProgress } from '../warm/json-progress.ts';
import { createLineProgress } from '../warm/line-progress.ts';
import type { WarmProgress } from '../warm/progress.ts';
import { ownPlatform } from '../warm/own-platform.ts';
import { createWarmTotal, formatWarmTotal } from '../warm/total.ts';

export interface WarmOptions extends ControlOptions {
  readonly images: readonly string[];
  /** Of further images, one per line; `-` is standard input. */
  readonly file?: string;
  /** All of an index where left out. */
  readonly platforms?: readonly string[] | undefined;
  readonly concurrency: number;
  readonly bytesPerSecond?: number;
}

/** What the command line says, in the form that the command takes. */
export interface WarmFlags extends ControlOptions {
  readonly images: readonly string[];
  readonly file?: string;
  readonly platform?: readonly string[];
  readonly allPlatforms?: boolean;
  readonly concurrency: number;
  /** `20M`, `20M/s` */
  readonly bandwidth?: string;
}

/** @throws {CommandFailure} */
export function parseWarmOptions(flags: WarmFlags): WarmOptions {
  const { platform = [ownPlatform()], allPlatforms = false, bandwidth, ...options } = flags;
  return {
    ...options,
    platforms: allPlatforms ? undefined : platform,
    ...(bandwidth === undefined ? {} : { bytesPerSecond: parseFlag('--bandwidth', bandwidth, parseRate) }),
  };
}

/** Has the cache pull images before anybody asks for them. @returns the exit code */
export async function warm(options: WarmOptions): Promise<number> {
  const request = await requestOf(options);
  const signal = stopSignal();
  const control = await openControl(options, signal);
  const total = createWarmTotal();
  const progress = await createProgress(request, options);
  const startedAt = performance.now();
  try {
    for await (const event of control.follow<WarmEvent>('POST', '/api/v1/warm', request)) {
      total.take(event);
      progress.take(event);
    }
  } catch (err) {
    progress.close();
    if (signal.aborted) sayHowToResume(options);
    throw err;
  }
  progress.close();
  if (options.output === 'text') {
    const time = formatDuration(performance.now() - startedAt);
    options.terminal.print(`${formatWarmTotal(total.read())}, in ${time}`);
  }
  return total.read().failed === 0 ? 0 : EXIT_FAILURE;
}

function parseRate(text: string): number {
  const bytesPerSecond = parseByteSize(text.replace(/\/s(?:ec)?$/, ''));
  if (bytesPerSecond === 0) throw new InvalidValueError('expected more than nothing');
  return bytesPerSecond;
}

async function requestOf(options: WarmOptions): Promise<WarmRequest> {
  const { file, platforms, concurrency, bytesPerSecond } = options;
  const images = [...options.images, ...(file === undefined ? [] : await readImageFile(file))];
  if (images.length === 0) {
    throw new CommandFailure('no image to warm: name one, or a file of them with -f', {
      exitCode: EXIT_FAILURE,
    });
  }
  return {
    images: [...new Set(images)],
    concurrency,
    ...(platforms === undefined ? {} : { platforms }),
    ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
  };
}

async function createProgress(
  { images }: WarmRequest,
  { output, terminal }: WarmOptions,
): Promise<WarmProgress> {
  if (output === 'json') return createJsonProgress(terminal);
  if (!terminal.isInteractive) return createLineProgress(terminal);
  // Nobody else needs the library.
  const { createBarProgress } = await import('../warm/bar-progress.ts');
  return createBarProgress(images.length, process.stdout, terminal);
}

function sayHowToResume({ output, terminal }: WarmOptions): void {
  if (output === 'text')
    terminal.print('stopped: what was fetched stays, and running it again goes on from there');
}
