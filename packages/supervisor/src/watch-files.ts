import { watch } from 'chokidar';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';

export interface WatchOptions {
  /** Absolute paths; a file, and even its folder, may not exist yet. */
  readonly files: readonly string[];
  /** A file may have changed. It also comes when nothing has, so compare what the files hold. */
  readonly onHint: () => void;
  /** The system cannot watch, for one because its limit of watches is reached; hints come by the clock alone. */
  readonly onError: (err: unknown) => void;
}

export interface FileWatch {
  close(): Promise<void>;
}

// Kubernetes changes all files of a volume at once: they are links through this one, which is replaced. Nothing happens to
// the links themselves.
const KUBERNETES_LINK = '..data';
const DEBOUNCE_MS = 100;
// For whatever no watch can see: network file systems, mounts, folders that did not exist, and a write that follows a truncation too soon.
const CHECK_EVERY_MS = 60_000;

/**
 * Hints at changes of files, whichever way they change: written in place, replaced by a rename, made or removed, or behind a
 * link that is replaced. The folders are watched, since a watch of a file ends with that file. Nothing else in these folders
 * is looked at: `/pull-secret.json` lies in `/`.
 *
 * The first hint comes as soon as the watch is in place: a change before that is not lost.
 */
export function watchFiles({ files, onHint, onError }: WatchOptions): FileWatch {
  // With a folder that does not exist, chokidar says `ready` before it watches the others.
  const folders = [...new Set(files.map((file) => dirname(file)))].filter((folder) => existsSync(folder));
  const wanted = new Set([...folders, ...files]);
  let debounce: NodeJS.Timeout | undefined;
  const hint = (): void => {
    clearTimeout(debounce);
    debounce = setTimeout(onHint, DEBOUNCE_MS);
  };
  const watcher = watch(folders, {
    depth: 0,
    ignored: (path) => !wanted.has(path),
    ignoreInitial: true,
    ignorePermissionErrors: true,
    awaitWriteFinish: { stabilityThreshold: 300, pollInterval: 50 },
  });
  watcher.on('all', hint);
  watcher.on('raw', (_event, name) => {
    if (name === KUBERNETES_LINK) hint();
  });
  watcher.on('ready', hint);
  watcher.on('error', onError);
  const check = setInterval(onHint, CHECK_EVERY_MS);
  return {
    async close() {
      clearTimeout(debounce);
      clearInterval(check);
      await watcher.close();
    },
  };
}
