import { parseArgs } from 'node:util';
import type { PeerName } from './measure.ts';

/** What the command line asks for. */
export interface BenchOptions {
  readonly quick: boolean;
  /** Beginnings of the ids of measures; all where there are none. */
  readonly only: readonly string[];
  /** All where there are none. */
  readonly peers: readonly string[];
  /** The report; its plots lie in a folder of the same name without its ending. */
  readonly output: string;
  /** Where data are kept while it runs. Chosen by free space unless told. */
  readonly directory?: string;
}

export const USAGE = `usage: npm run bench -- [--quick] [--only MEASURE,…] [--peers PEER,…] [--output FILE] [--directory DIR]`;

/** The report of a whole run, which is part of this project's documents. */
const DOCUMENT = 'docs/benchmarks.md';
/** That of every other run. */
const SCRATCH = '.bench-report/benchmarks.md';

/** @throws {Error} for an option that there is not, and for a measure or peer that there is not */
export function parseBenchOptions(
  args: readonly string[],
  known: { readonly measures: readonly string[]; readonly peers: readonly PeerName[] },
): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      peers: { type: 'string', default: '' },
      output: { type: 'string' },
      directory: { type: 'string' },
    },
  });
  const only = splitList(values.only);
  const peers = splitList(values.peers);
  for (const name of only) {
    if (!known.measures.some((id) => id.startsWith(name))) throw unknown('--only', name, known.measures);
  }
  for (const name of peers) {
    if (!known.peers.some((each) => each === name)) throw unknown('--peers', name, known.peers);
  }
  const whole = !values.quick && only.length === 0 && peers.length === 0;
  return {
    quick: values.quick,
    only,
    peers,
    output: values.output ?? (whole ? DOCUMENT : SCRATCH),
    ...(values.directory === undefined ? {} : { directory: values.directory }),
  };
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

function unknown(option: string, name: string, known: readonly string[]): Error {
  return new Error(`${option} ${name}: expected some of ${known.join(', ')}`);
}
