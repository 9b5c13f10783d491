import { findUpstreamName, type Digest } from '@registry-cache/oci';
import type { AdminUpstream } from '@registry-cache/config';
import type { WarmEvent } from '@registry-cache/control';
import { createTurns } from '../../../src/warm/turns.ts';
import { createBandwidth } from '../../../src/warm/bandwidth.ts';
import { parsePlatform } from '../../../src/warm/platform.ts';
import { runWarmJob } from '../../../src/warm/warm-job.ts';
import { parseWarmTarget } from '../../../src/warm/warm-target.ts';
import { createWorkerLink, type WorkerLink } from '../../../src/warm/worker-link.ts';
import { createScriptedWorker, type ScriptedWorker } from './scripted-worker.ts';

/** Jobs against a scripted worker of quay.io, over a store in which everything is found. */
export interface WarmFixture {
  readonly worker: ScriptedWorker;
  readonly touched: Digest[];
  /** What is not found in the store. */
  readonly lost: Set<Digest>;
  /** Resolves with all events, but progress. */
  warm(images: readonly string[], options?: WarmOptions): Promise<WarmEvent[]>;
  /** Adds an image of one layer, and says which blobs it has. */
  addImage(name: string, tag: string, layers?: readonly Uint8Array[]): Digest[];
  close(): Promise<void>;
}

export interface WarmOptions {
  readonly platforms?: readonly string[];
  readonly bytesPerSecond?: number;
  readonly signal?: AbortSignal;
  readonly emit?: (event: WarmEvent) => void;
}

export function upstreamAt(
  name: string,
  socketPath: string,
  changes: Partial<AdminUpstream> = {},
): AdminUpstream {
  const upstreamName = findUpstreamName(name);
  if (upstreamName === undefined) throw new Error(`${name} is no upstream name`);
  return {
    name: upstreamName,
    url: `https://${name}`,
    default: false,
    authorization: 'cache',
    tagTtlMs: 0,
    maxConnections: 64,
    socketPath,
    ...changes,
  };
}

export async function createWarmFixture(): Promise<WarmFixture> {
  const worker = await createScriptedWorker();
  await worker.listen();
  const link: WorkerLink = createWorkerLink({ wake: () => {} });
  const touched: Digest[] = [];
  const lost = new Set<Digest>();
  const upstreams = [
    upstreamAt('quay.io', worker.socketPath),
    upstreamAt('origin.example', worker.socketPath, { authorization: 'origin' }),
  ];
  const store = {
    findBlob: async (digest: Digest) =>
      lost.has(digest) ? undefined : { digest, sizeBytes: 1, filledAtMs: 0, accessedAtMs: 0 },
    touchBlob: async (digest: Digest) => void touched.push(digest),
  };
  return {
    worker,
    touched,
    lost,
    async warm(images, { platforms, bytesPerSecond, signal, emit } = {}) {
      const events: WarmEvent[] = [];
      const job = {
        targets: images.map((image) => parseWarmTarget(image, upstreams)),
        platforms: platforms?.map(parsePlatform),
        concurrency: 2,
        turns: createTurns(() => 2),
        bandwidth: createBandwidth({ bytesPerSecond: () => bytesPerSecond }),
      };
      const tell = (event: WarmEvent): void => {
        emit?.(event);
        if (event.type !== 'progress') events.push(event);
      };
      const blobTurns = createTurns(() => 8);
      const ground = { upstreams: () => upstreams, link, blobTurns: () => blobTurns, store, now: () => 1000 };
      await runWarmJob(job, ground, tell, signal ?? new AbortController().signal);
      return events;
    },
    addImage(name, tag, layers = [Buffer.from(`layer of ${name}:${tag}`)]) {
      const [config, ...rest] = [Buffer.from(`{"of":"${name}:${tag}"}`), ...layers].map((bytes) => ({
        digest: worker.putBlob(name, bytes),
        size: bytes.byteLength,
      }));
      worker.putManifest(name, { schemaVersion: 2, config, layers: rest }, tag);
      return [config, ...rest].flatMap((each) => (each === undefined ? [] : [each.digest]));
    },
    async close() {
      link.close();
      await worker.close();
    },
  };
}
