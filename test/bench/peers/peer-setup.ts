import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from '../../support/free-port.ts';
import type { PeerName, RunningPeer, StartPeerOptions } from '../measure.ts';
import { listProcessTree } from '../run/process-tree.ts';
import { startProgram, type Program } from '../run/programs.ts';
import { REPOSITORY_ROOT } from '../run/repository-root.ts';
import { fillTemplate, type TemplateValues } from '../run/template.ts';
import { createCertificate } from './certificate.ts';

/** What the templates of every peer may name. */
export interface PeerSetup {
  readonly port: number;
  readonly values: TemplateValues;
  /** One for each upstream: UPSTREAM is its name, NUMBER counts from 1. */
  readonly upstreams: readonly TemplateValues[];
  /** Of the first upstream, with a slash at its end. */
  readonly prefix: string;
}

export const PEERS_FOLDER: string = join(REPOSITORY_ROOT, 'test/bench/peers');

/** Makes folder, certificate and data folder, and finds a free port. */
export async function setUpPeer({
  directory,
  upstreamUrl,
  upstreams = 1,
}: StartPeerOptions): Promise<PeerSetup> {
  const data = join(directory, 'data');
  await mkdir(data, { recursive: true });
  const certificate = await createCertificate(directory);
  const port = await findFreePort();
  return {
    port,
    values: {
      PORT: port,
      DIRECTORY: directory,
      DATA: data,
      USER: userInfo().username,
      UPSTREAM_URL: upstreamUrl,
      UPSTREAM_ADDRESS: new URL(upstreamUrl).host,
      CERTIFICATE: certificate.certificate,
      KEY: certificate.key,
      CERTIFICATE_AND_KEY: certificate.both,
    },
    upstreams: Array.from({ length: upstreams }, (_, index) => upstreamValues(index + 1)),
    prefix: `${upstreamName(1)}/`,
  };
}

/** Fills the template of that name in. @returns the file's path */
export async function writeConfiguration(options: {
  readonly template: string;
  readonly file: string;
  readonly values: TemplateValues;
  readonly items?: readonly TemplateValues[];
}): Promise<string> {
  const template = await readFile(join(PEERS_FOLDER, options.template), 'utf8');
  await writeFile(options.file, fillTemplate(template, options.values, options.items));
  return options.file;
}

/** Starts the programs in order. When one fails, those before it are ended. */
export async function servePeer(options: {
  readonly name: PeerName;
  readonly port: number;
  readonly prefix: string;
  readonly programs: readonly Program[];
}): Promise<RunningPeer> {
  const { name, port, prefix, programs } = options;
  const running: Awaited<ReturnType<typeof startProgram>>[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(running.map((program) => program.close()));
  };
  try {
    for (const program of programs) running.push(await startProgram(program));
  } catch (err) {
    await close();
    throw err;
  }
  return {
    name,
    base: `https://127.0.0.1:${port}/v2/${prefix}`,
    imagePrefix: `127.0.0.1:${port}/${prefix}`,
    pids: async () => {
      const trees = await Promise.all(running.map(({ pid }) => listProcessTree(pid)));
      return trees.flat().map(({ pid }) => pid);
    },
    close,
  };
}

function upstreamValues(number: number): TemplateValues {
  const name = upstreamName(number);
  return { NUMBER: number, UPSTREAM: name, UPSTREAM_PATTERN: name.replaceAll('.', String.raw`\.`) };
}

function upstreamName(number: number): string {
  return `upstream-${number}.example`;
}
