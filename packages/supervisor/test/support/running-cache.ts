import type { Settings } from '@registry-cache/config';
import { EventEmitter } from 'node:events';
import { onTestFinished } from 'vitest';
import { serve } from '../../src/serve.ts';
import { createFakeChildren, type Entry, type FakeChildren } from './fake-children.ts';
import { createLogFile, type LogFile } from './log-file.ts';
import { settingsIn } from './settings.ts';
import { temporaryFolder, type AtEnd } from './temporary-folder.ts';
import { until } from './until.ts';

export interface RunningCache {
  readonly folder: string;
  readonly children: FakeChildren;
  readonly log: LogFile;
  readonly exitCode: Promise<number>;
  signal(name: 'SIGTERM' | 'SIGINT' | 'SIGHUP'): void;
  /** What the settings are from now on; SIGHUP or a watched file makes them take effect. */
  change(changes: Partial<Settings>): void;
  /** `proxy started`, `worker quay.io stopped`, in their order. */
  events(): string[];
  latest(process: string): Entry;
  serving(): Promise<void>;
}

export interface CacheOptions {
  readonly settings?: Partial<Settings>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Before anything starts. */
  readonly prepare?: (children: FakeChildren, folder: string) => void;
  readonly load?: () => Promise<Settings>;
  /** When it is stopped, if not at the end of the test. */
  readonly atEnd?: AtEnd;
}

/** A supervisor in this process, with fake children that are real processes. It is stopped when the test has finished. */
export async function startCache(options: CacheOptions = {}): Promise<RunningCache> {
  const { atEnd = onTestFinished } = options;
  const folder = await temporaryFolder(atEnd);
  const children = createFakeChildren(folder);
  options.prepare?.(children, folder);
  const log = createLogFile(folder);
  const signals = new EventEmitter();
  let settings = settingsIn(folder, options.settings);
  const exitCode = serve({
    load: options.load ?? (() => Promise.resolve(settings)),
    version: '1.2.3',
    environment: options.environment ?? {},
    output: log.destination,
    signals,
    entryPoint: children.entryPoint,
  });
  atEnd(async () => {
    signals.emit('SIGTERM');
    signals.emit('SIGTERM');
    await exitCode;
  });
  const latest = (process: string): Entry => {
    const entry = children.entries().findLast((one) => one.process === process);
    if (entry === undefined) throw new Error(`there is no ${process}`);
    return entry;
  };
  return {
    folder,
    children,
    log,
    exitCode,
    signal: (name) => void signals.emit(name),
    change: (changes) => {
      settings = { ...settings, ...changes };
    },
    events: () => children.entries().map(({ process, event }) => `${process} ${event}`),
    latest,
    serving: async () => {
      await until('it serves', () => log.lines().some(({ msg }) => msg === 'serving'));
    },
  };
}
