import type { Digest } from '@registry-cache/oci';
import { createFileStore, layoutOf, type Store } from '@registry-cache/store';
import { verifyBlobs, verifyLinks, type BlobVerdict, type DeadLink } from '@registry-cache/store/maintenance';
import { formatBytes } from '../terminal/quantities.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface StoreCheck {
  readonly blobs: number;
  readonly bytes: number;
  readonly bad: readonly BadBlob[];
  readonly deadLinks: DeadLinks;
}

export interface BadBlob {
  readonly kind: 'corrupt' | 'unreadable';
  readonly digest: string;
  readonly problem: string;
  /** It is gone: the next pull fetches it again. */
  readonly repaired: boolean;
}

/** They are no fault of the store: whatever was evicted leaves some until the cleaner's next pass. */
export interface DeadLinks {
  readonly count: number;
  /** The first few of them. */
  readonly examples: readonly DeadLink[];
}

export interface VerifyStoreOptions {
  /** Remove what has another digest than its name says. */
  readonly repair: boolean;
  readonly terminal: Terminal;
}

const PROGRESS_EVERY_MS = 200;
const MAX_EXAMPLES = 20;

/** Recomputes every digest, follows every link, and shows how far it is where somebody watches. */
export async function verifyStore(rootDirectory: string, options: VerifyStoreOptions): Promise<StoreCheck> {
  // A Ctrl-C may end it at any point: nothing is left behind that somebody would have to notice it for.
  const { signal } = new AbortController();
  const showProgress = createProgress(options.terminal);
  const store = createFileStore({ rootDirectory });
  const layout = layoutOf(rootDirectory);
  const bad: BadBlob[] = [];
  let blobs = 0;
  let bytes = 0;
  for await (const verdict of verifyBlobs(layout, signal)) {
    blobs += 1;
    bytes += verdict.sizeBytes;
    if (verdict.kind !== 'intact') {
      const { digest, kind } = verdict;
      // What cannot be read may be readable again once its disk or its permissions are.
      const remedy = options.repair && kind === 'corrupt' ? await remove(store, digest) : {};
      bad.push({ kind, digest, problem: problemOf(verdict), repaired: false, ...remedy });
    }
    showProgress(`${blobs} blobs, ${formatBytes(bytes)}, ${bad.length} bad`);
  }
  let links = 0;
  const examples: DeadLink[] = [];
  for await (const link of verifyLinks(layout, signal)) {
    links += 1;
    if (links <= MAX_EXAMPLES) examples.push(link);
    showProgress(`${links} dead links`);
  }
  options.terminal.progress('');
  return { blobs, bytes, bad, deadLinks: { count: links, examples } };
}

async function remove(store: Store, digest: Digest): Promise<Partial<BadBlob>> {
  try {
    // Reads it once more: where a running cache has mended it meanwhile, it stays.
    await store.removeIfDamaged(digest);
    return { repaired: true };
  } catch (err) {
    return { problem: `has another digest, and cannot be removed: ${messageOf(err)}` };
  }
}

function createProgress(terminal: Terminal): (text: string) => void {
  let shownAt = 0;
  return (text) => {
    if (performance.now() - shownAt < PROGRESS_EVERY_MS) return;
    shownAt = performance.now();
    terminal.progress(text);
  };
}

function problemOf(verdict: Exclude<BlobVerdict, { kind: 'intact' }>): string {
  switch (verdict.kind) {
    case 'corrupt':
      return `its ${formatBytes(verdict.sizeBytes)} have the digest ${verdict.actual}`;
    case 'unreadable':
      return `cannot be read: ${messageOf(verdict.cause)}`;
  }
}

function messageOf(err: unknown): string {
  return err instanceof Error ? err.message : String(err);
}
