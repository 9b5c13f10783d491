import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findFreePort } from '../support/free-port.ts';
import { makeImage } from './images.ts';
import type { Upstream, UpstreamCounts } from './measure.ts';
import { writeConfiguration } from './peers/peer-setup.ts';
import { numberOf, parseObject } from './run/bench-tools.ts';
import { commandOptions } from './run/command-options.ts';
import { findAnswer } from './run/find-answer.ts';
import { startProgram, type RunningProgram } from './run/programs.ts';

export interface RunningUpstream extends Upstream {
  close(): Promise<void>;
}

export interface UpstreamOptions {
  readonly directory: string;
  readonly quick: boolean;
}

interface UpstreamUrls {
  readonly url: string;
  readonly originUrl: string;
}

/** A registry of a good data centre: this far away, and this fast on each connection. */
export const USUAL_SHAPE = { latencyMs: 20, bytesPerSecond: 100e6 } as const;

const MEBIBYTE = 2 ** 20;

/** Starts a real registry and the wire before it, and pushes the images. */
export async function startUpstream({ directory, quick }: UpstreamOptions): Promise<RunningUpstream> {
  const programs: RunningProgram[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(programs.map((program) => program.close()));
  };
  try {
    const urls = await startPrograms(directory, programs);
    const { originUrl } = urls;
    const image = await makeImage({
      directory: join(directory, 'image'),
      originUrl,
      repository: 'bench/image',
      layers: 20,
      sizeBytes: (quick ? 128 : 1024) * MEBIBYTE,
    });
    const blobImage = await makeImage({
      directory: join(directory, 'blob-image'),
      originUrl,
      repository: 'bench/blob',
      layers: 1,
      sizeBytes: (quick ? 256 : 1024) * MEBIBYTE,
    });
    return { ...urls, image, blobImage, ...createControls(urls.url), close };
  } catch (err) {
    await close();
    throw err;
  }
}

/** Adds to `programs` what it starts, so that the caller can close it, whatever fails. */
async function startPrograms(directory: string, programs: RunningProgram[]): Promise<UpstreamUrls> {
  await mkdir(directory, { recursive: true });
  const originPort = await findFreePort();
  const originUrl = `http://127.0.0.1:${originPort}`;
  const config = await writeConfiguration({
    template: 'origin.yml',
    file: join(directory, 'origin.yml'),
    values: { PORT: originPort, DATA: join(directory, 'origin') },
  });
  programs.push(
    await startProgram({
      command: 'registry',
      args: ['serve', config],
      log: join(directory, 'origin.log'),
      probes: [`${originUrl}/v2/`],
      environment: { OTEL_TRACES_EXPORTER: 'none' },
    }),
  );
  const listen = `127.0.0.1:${await findFreePort()}`;
  const url = `http://${listen}`;
  const shape = commandOptions({
    listen,
    target: originUrl,
    'latency-ms': USUAL_SHAPE.latencyMs,
    'bytes-per-second': USUAL_SHAPE.bytesPerSecond,
  });
  programs.push(
    await startProgram({
      command: 'bench-tools',
      // As public registries do: some peers would otherwise look for a challenge before each request.
      args: ['shape', '--challenge', ...shape],
      log: join(directory, 'shape.log'),
      probes: [`${url}/v2/`],
    }),
  );
  return { url, originUrl };
}

function createControls(url: string): Pick<Upstream, 'shape' | 'counts' | 'resetCounts'> {
  return {
    async shape({ latencyMs, bytesPerSecond }) {
      await control(`${url}/.shape/set?latency-ms=${latencyMs}&bytes-per-second=${bytesPerSecond}`, 'POST');
    },
    async resetCounts() {
      await control(`${url}/.shape/reset`, 'POST');
    },
    async counts() {
      return parseCounts(await control(`${url}/.shape/counts`, 'GET'));
    },
  };
}

async function control(url: string, method: 'GET' | 'POST'): Promise<string> {
  const answer = await findAnswer(url, { method });
  if (answer === undefined || answer.status >= 300) {
    throw new Error(`${method} ${url}: expected success, got ${answer?.status ?? 'no answer'}`);
  }
  return answer.body;
}

function parseCounts(text: string): UpstreamCounts {
  const counts = parseObject(text);
  const byPath = parseObject(JSON.stringify(Reflect.get(counts, 'byPath') ?? {}));
  return {
    requests: numberOf(counts, 'requests'),
    bytes: numberOf(counts, 'bytes'),
    byPath: Object.fromEntries(Object.keys(byPath).map((path) => [path, numberOf(byPath, path)])),
  };
}
