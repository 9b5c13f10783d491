import { spawn } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, Measure, Table } from '../measure.ts';
import { registryCache } from '../peers/registry-cache.ts';
import { endProcessTree } from '../run/end-processes.ts';
import { findAnswer } from '../run/find-answer.ts';
import { REPOSITORY_ROOT } from '../run/repository-root.ts';
import { medianOf } from '../statistics.ts';
import { writeLargeStore, type StoredManifest } from './cleaner-store.ts';

export const start: Measure = {
  id: 'start',
  title: 'From the start to the first answer',
  async run(bench) {
    const blobs = bench.quick ? 100_000 : 1_000_000;
    const empty = await prepare(bench, 'empty');
    const full = await prepare(bench, 'full');
    bench.progress(`writing a store of ${blobs} blobs`);
    const store = writeLargeStore(join(full.directory, 'data'), blobs, 'upstream-1.example');
    try {
      return [await takeStarts(bench, { empty, full, blobs, manifest: store.newestManifest })];
    } finally {
      await rm(full.directory, { recursive: true, force: true });
    }
  },
};

/** A cache that was started once, and so has a configuration and a certificate. */
interface Prepared {
  readonly directory: string;
  /** Ends in a slash. */
  readonly base: string;
}

interface Contest {
  readonly empty: Prepared;
  readonly full: Prepared;
  readonly blobs: number;
  readonly manifest: StoredManifest;
}

interface FirstAnswers {
  readonly api: number;
  readonly manifest: number;
}

const UPSTREAMS = 5;
const MAX_SECONDS = 1.5;
const MAX_TIMES_EMPTY = 1.25;
const POLL_MS = 5;
const GIVE_UP_MS = 60_000;

async function prepare({ directory, upstream }: Bench, name: string): Promise<Prepared> {
  const own = join(directory, name);
  await mkdir(own, { recursive: true });
  const peer = await registryCache.start({ directory: own, upstreamUrl: upstream.url, upstreams: UPSTREAMS });
  await peer.close();
  return { directory: own, base: peer.base };
}

async function takeStarts(bench: Bench, { empty, full, blobs, manifest }: Contest): Promise<Table> {
  const rounds = bench.quick ? 3 : 5;
  const samples = { empty: [] as number[], full: [] as number[], manifest: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    bench.progress(`round ${round + 1} of ${rounds}`);
    samples.empty.push((await startOnce(empty)).api);
    const answers = await startOnce(full, manifest);
    samples.full.push(answers.api);
    samples.manifest.push(answers.manifest);
  }
  const count = blobs.toLocaleString('en-US');
  const seconds = medianOf(samples.manifest);
  return {
    title: `First answers of a cache of ${UPSTREAMS} upstreams`,
    unit: 's',
    rows: [
      { label: 'empty store, /v2/', samples: samples.empty },
      { label: `${count} blobs, /v2/`, samples: samples.full },
      { label: `${count} blobs, a cached manifest by digest`, samples: samples.manifest },
    ],
    goals: [
      {
        text: `${count} blobs, manifest: ≤ ${MAX_SECONDS} s`,
        value: seconds,
        limit: MAX_SECONDS,
        atLeast: false,
      },
      {
        text: `${count} blobs: ≤ ${MAX_TIMES_EMPTY} × the empty store`,
        value: medianOf(samples.full) / medianOf(samples.empty),
        limit: MAX_TIMES_EMPTY,
        atLeast: false,
      },
    ],
    note: `\`registry-cache serve\` is started and asked every ${POLL_MS} ms, on a new TLS connection each time, until the right answer comes. The files are in the page cache.`,
  };
}

async function startOnce({ directory, base }: Prepared, manifest?: StoredManifest): Promise<FirstAnswers> {
  const command = join(REPOSITORY_ROOT, 'packages/cli/bin/registry-cache.js');
  const startedAtMs = performance.now();
  const seconds = (): number => (performance.now() - startedAtMs) / 1000;
  const child = spawn(process.execPath, [command, 'serve', join(directory, 'config.yml')], {
    stdio: 'ignore',
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('registry-cache did not start');
  try {
    await untilAnswer(new URL('/v2/', base).href);
    const api = seconds();
    if (manifest === undefined) return { api, manifest: api };
    await untilAnswer(`${base}${manifest.repository}/manifests/${manifest.digest}`, manifest.body);
    return { api, manifest: seconds() };
  } finally {
    await endProcessTree(pid);
  }
}

async function untilAnswer(url: string, body?: string): Promise<void> {
  const deadline = performance.now() + GIVE_UP_MS;
  for (;;) {
    const answer = await findAnswer(url);
    if (answer?.status === 200) {
      if (body !== undefined && answer.body !== body) throw new Error(`${url}: got another body`);
      return;
    }
    if (performance.now() > deadline) throw new Error(`${url}: no answer of 200 within ${GIVE_UP_MS} ms`);
    await delay(POLL_MS);
  }
}
