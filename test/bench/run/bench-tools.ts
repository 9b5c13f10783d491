import { commandOptions } from './command-options.ts';
import { runProgram } from './programs.ts';

const COMMAND = 'bench-tools';

/** Of requests that were asked again and again, every answer of which was right. */
export interface LoadFigures {
  readonly requests: number;
  readonly bytes: number;
  readonly seconds: number;
}

/** Of whole bodies, every byte of which was right. */
export interface TransferFigures {
  readonly bytes: number;
  readonly seconds: number;
  /** From the request to the first byte of the body. */
  readonly firstByteMs: number;
}

export interface PullFigures extends TransferFigures {
  readonly firstDoneSeconds: number;
  readonly lastDoneSeconds: number;
}

export interface LoadOptions {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
}

export interface PullOptions {
  /** The repository's URL. */
  readonly base: string;
  readonly reference: string;
  /** Holds what has to come, by the hex of its digest. */
  readonly directory: string;
  readonly clients: number;
}

const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
// As many blobs as podman fetches of one image at a time.
const PARALLEL_BLOBS = 6;

/** Asks for one manifest on all connections; `file` is what has to come. */
export async function loadManifest({
  file,
  ...load
}: LoadOptions & { readonly file: string }): Promise<LoadFigures> {
  const header = `Accept: ${MANIFEST_TYPE}`;
  return parseLoad(await run('requests', { ...load, header, expect: file, warmup: 0.3 }));
}

/** Asks for random ranges of one blob; `file` is the whole blob. */
export async function loadRanges({
  sizeBytes,
  ...load
}: LoadOptions & { readonly file: string; readonly sizeBytes: number }): Promise<LoadFigures> {
  return parseLoad(await run('ranges', { ...load, size: sizeBytes, warmup: 0.2 }));
}

/** Reads a blob as often as there are streams, on a connection each, all at once. */
export async function readStreams(options: {
  readonly url: string;
  readonly file: string;
  readonly streams: number;
}): Promise<TransferFigures> {
  return parseTransfer(await run('stream', options));
}

/** Pulls an image with many clients at once. */
export async function pullImage({ directory, ...options }: PullOptions): Promise<PullFigures> {
  const printed = await run('pull', { ...options, blobs: directory, parallel: PARALLEL_BLOBS });
  return {
    ...parseTransfer(printed),
    firstDoneSeconds: numberOf(printed, 'firstDoneSeconds'),
    lastDoneSeconds: numberOf(printed, 'lastDoneSeconds'),
  };
}

/** What the tool printed, as JSON. @throws where it saw a wrong byte or an unexpected status */
async function run(command: string, options: Readonly<Record<string, string | number>>): Promise<object> {
  return parseObject(await runProgram(COMMAND, [command, '--insecure', ...commandOptions(options)]));
}

/** @throws {Error} for text that is not one JSON object */
export function parseObject(text: string): object {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) throw new Error(`expected a JSON object, got ${text}`);
  return value;
}

/** @throws {Error} where the key holds no number */
export function numberOf(value: object, key: string): number {
  const found: unknown = Reflect.get(value, key);
  // Some are a distribution, whose median speaks for it.
  const number: unknown = typeof found === 'object' && found !== null ? Reflect.get(found, 'p50') : found;
  if (typeof number !== 'number') throw new Error(`${key}: expected a number in ${JSON.stringify(value)}`);
  return number;
}

function parseLoad(printed: object): LoadFigures {
  return {
    requests: numberOf(printed, 'requests'),
    bytes: numberOf(printed, 'bytes'),
    seconds: numberOf(printed, 'seconds'),
  };
}

function parseTransfer(printed: object): TransferFigures {
  return {
    bytes: numberOf(printed, 'bytes'),
    seconds: numberOf(printed, 'seconds'),
    firstByteMs: numberOf(printed, 'ttfbMs'),
  };
}
