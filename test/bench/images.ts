import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchFile, BenchImage } from './measure.ts';
import { numberOf, parseObject } from './run/bench-tools.ts';
import { commandOptions } from './run/command-options.ts';
import { runProgram } from './run/programs.ts';

export interface ImageOptions {
  /** Will hold every file by the hex of its digest. */
  readonly directory: string;
  /** The registry that it is pushed to. */
  readonly originUrl: string;
  /** Also decides what bytes it is made of. */
  readonly repository: string;
  readonly layers: number;
  /** Of all layers together. */
  readonly sizeBytes: number;
}

const TAG = 'latest';

/** Makes an image of random bytes, the same for the same repository, and pushes it. */
export async function makeImage(options: ImageOptions): Promise<BenchImage> {
  const { directory, originUrl, repository, layers, sizeBytes } = options;
  const imageOptions = commandOptions({
    out: directory,
    push: originUrl,
    repository,
    tag: TAG,
    layers,
    bytes: sizeBytes,
    seed: seedOf(repository),
  });
  const printed = await runProgram('bench-tools', ['image', ...imageOptions]);
  const image = parseObject(printed);
  const manifest = await describeFile(directory, Reflect.get(image, 'manifest'));
  const layerList: unknown = Reflect.get(image, 'layers');
  if (!Array.isArray(layerList)) throw new Error(`layers: expected a list in ${printed}`);
  const contents: readonly unknown[] = [Reflect.get(image, 'config'), ...layerList];
  const blobs = await Promise.all(contents.map((each) => describeFile(directory, each)));
  return {
    repository,
    tag: TAG,
    manifest,
    blobs,
    sizeBytes: [manifest, ...blobs].reduce((sum, file) => sum + file.sizeBytes, 0),
    directory,
  };
}

/** The largest blob. */
export function layerOf(image: BenchImage): BenchFile {
  return image.blobs.reduce((largest, blob) => (blob.sizeBytes > largest.sizeBytes ? blob : largest));
}

async function describeFile(directory: string, described: unknown): Promise<BenchFile> {
  const entry = parseObject(JSON.stringify(described ?? null));
  const digest: unknown = Reflect.get(entry, 'digest');
  if (typeof digest !== 'string') throw new Error(`expected a digest in ${JSON.stringify(entry)}`);
  const file = join(directory, digest.slice('sha256:'.length));
  const sizeBytes = numberOf(entry, 'size');
  const { size } = await stat(file);
  if (size !== sizeBytes) throw new Error(`${file}: expected ${sizeBytes} bytes, got ${size}`);
  return { digest, sizeBytes, file };
}

/** Some number that another text seldom has. */
function seedOf(text: string): number {
  return Buffer.from(text).reduce((sum, byte) => (sum * 31 + byte) % 1_000_003, 1);
}
