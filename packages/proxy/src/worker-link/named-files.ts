import { LRUCache } from 'lru-cache';
import type { IncomingHttpHeaders } from 'node:http';

/** Answers of workers that named the file to send, for as long as they said that these hold. */
export interface NamedFiles {
  find(question: string, nowMs: number): NamedFile | undefined;
  /** Where the worker has said for how long its answer may be repeated. */
  remember(question: string, file: NamedFile, nowMs: number): void;
  forget(question: string): void;
}

export interface NamedFile {
  /** `X-Accel-Redirect` */
  readonly path: string;
  readonly sizeBytes: number;
  /** Of the worker's answer; `X-Accel-Expires` counts from the question on. */
  readonly headers: IncomingHttpHeaders;
}

const MAX_FILES = 4096;

/** Clients that read a blob by a thousand ranges make one question of it. */
export function createNamedFiles(): NamedFiles {
  const files = new LRUCache<string, { file: NamedFile; expiresAtMs: number }>({ max: MAX_FILES });
  return {
    find: (question, nowMs) => {
      const { file, expiresAtMs = 0 } = files.get(question) ?? {};
      const seconds = Math.floor((expiresAtMs - nowMs) / 1000);
      if (file === undefined || seconds < 1) return undefined;
      return { ...file, headers: { ...file.headers, 'x-accel-expires': String(seconds) } };
    },
    remember: (question, file, nowMs) => {
      const seconds = Number(file.headers['x-accel-expires'] ?? 0);
      if (seconds > 0) files.set(question, { file, expiresAtMs: nowMs + seconds * 1000 });
    },
    forget: (question) => void files.delete(question),
  };
}
