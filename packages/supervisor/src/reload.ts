import type { Settings } from '@registry-cache/config';
import type { Logger } from '@registry-cache/runtime';
import { isDeepStrictEqual } from 'node:util';
import { fingerprintFiles } from './file-fingerprint.ts';
import { logProblem } from './log-problem.ts';
import { createSerialTask } from './serial-task.ts';
import { keepWhatNeedsRestart } from './settings-diff.ts';
import { watchFiles, type FileWatch } from './watch-files.ts';

export interface ReloadOptions {
  /** What the cache runs by. */
  readonly settings: Settings;
  readonly load: () => Promise<Settings>;
  /** Brings the running cache from one to the other. */
  readonly apply: (current: Settings, next: Settings) => Promise<void>;
  readonly log: Logger;
}

export interface Reloading {
  /** Reads the settings now, whether files have changed or not. */
  request(): Promise<void>;
  /** What the cache runs by now. */
  settings(): Settings;
  /** Resolves when no reload runs, and none will. */
  close(): Promise<void>;
}

/**
 * Follows the files that settings come from. One reload runs at a time, and whatever changes in the meantime leads to one
 * more. Settings with a mistake change nothing: it is logged, once, and the old settings stay until it is mended.
 */
export function startReloading(options: ReloadOptions): Reloading {
  const { log } = options;
  const reloader = new Reloader(options);
  const task = createSerialTask(() => reloader.reload());
  const watch = (files: readonly string[]): FileWatch =>
    watchFiles({
      files,
      onHint: () => void task.run(),
      onError: (err) => log.warn({ err }, 'files cannot be watched, they are compared once a minute'),
    });
  let watched = options.settings.watchedFiles;
  let fileWatch = watch(watched);
  reloader.onSettings = async ({ watchedFiles }) => {
    if (isDeepStrictEqual(watchedFiles, watched)) return;
    await fileWatch.close();
    watched = watchedFiles;
    fileWatch = watch(watched);
  };
  return {
    request() {
      reloader.force();
      return task.run();
    },
    settings: () => reloader.settings,
    async close() {
      await task.close();
      await fileWatch.close();
    },
  };
}

class Reloader {
  readonly #options: ReloadOptions;
  readonly #warnedOf = new Set<string>();
  settings: Settings;
  onSettings: (settings: Settings) => Promise<void> = () => Promise.resolve();
  #seen: string | undefined;
  #failure: string | undefined;
  #forced = false;

  constructor(options: ReloadOptions) {
    this.#options = options;
    this.settings = options.settings;
    this.#warn(options.settings.warnings);
  }

  force(): void {
    this.#forced = true;
  }

  async reload(): Promise<void> {
    const { load, log } = this.#options;
    const forced = this.#forced;
    this.#forced = false;
    try {
      // Before the files are read: what is written later is a change for the next comparison.
      const { value, cutOff } = await fingerprintFiles(this.settings.watchedFiles);
      this.#warn(cutOff.map(cutOffWarning));
      // After a failure the reason may lie in a file that these settings do not name.
      if (value === this.#seen && this.#failure === undefined && !forced) return;
      this.#seen = value;
      await this.#change(await load());
      this.#failure = undefined;
    } catch (err) {
      const isNew = String(err) !== this.#failure;
      if (isNew || forced) logProblem(log, err, 'settings cannot be reloaded, the old ones stay');
      this.#failure = String(err);
    }
  }

  async #change(loaded: Settings): Promise<void> {
    this.#warn(loaded.warnings);
    const { settings, needRestart } = keepWhatNeedsRestart(this.settings, loaded);
    this.#warn(
      needRestart.map((name) => `${name} has changed: restart registry-cache for it to take effect`),
    );
    await this.#options.apply(this.settings, settings);
    this.settings = settings;
    await this.onSettings(settings);
  }

  #warn(warnings: readonly string[]): void {
    for (const warning of warnings) {
      if (this.#warnedOf.has(warning)) continue;
      this.#warnedOf.add(warning);
      this.#options.log.warn({ warning }, 'please look at the configuration');
    }
  }
}

function cutOffWarning(path: string): string {
  return `${path} was replaced outside, and a mount of a single file does not follow: mount its folder instead`;
}
