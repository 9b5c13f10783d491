import { readFile } from 'node:fs/promises';

/** How many connections a process may have. */
export interface ConnectionLimits {
  /** What comes beyond is refused at once. */
  readonly max: number;
  /** From here on idle connections make room; without any, only health checks are answered on new ones. */
  readonly crowdedAt: number;
}

// Standard streams, the channels to supervisor and logger, and sixteen kept connections to each of a dozen workers.
const RESERVED_DESCRIPTORS = 256;
// A connection whose pull is in flight holds itself, and a file or a connection to a worker.
const DESCRIPTORS_PER_CONNECTION = 2;
const MIN_CONNECTIONS = 32;
// An idle one costs about 50 KiB with TLS, so that this many cost 400 MiB.
const MAX_CONNECTIONS = 8192;
const SPARE_CONNECTIONS = 32;

/** Few enough that descriptors do not run out, whatever clients do. */
export function connectionLimitsOf(descriptorLimit: number): ConnectionLimits {
  const affordable = Math.floor((descriptorLimit - RESERVED_DESCRIPTORS) / DESCRIPTORS_PER_CONNECTION);
  const max = Math.min(Math.max(affordable, MIN_CONNECTIONS), MAX_CONNECTIONS);
  return { max, crowdedAt: max - Math.min(SPARE_CONNECTIONS, max / 2) };
}

// What systems without /proc and containers commonly allow.
const USUAL_DESCRIPTOR_LIMIT = 1024;

/** Of this process. Node has raised its soft limit to the hard one by now. */
export async function readDescriptorLimit(limitsFile = '/proc/self/limits'): Promise<number> {
  const limits = await readFile(limitsFile, 'utf8').catch((err: unknown) => {
    if (err instanceof Error && 'code' in err && err.code === 'ENOENT') return '';
    throw err;
  });
  const [, soft] = /^Max open files\s+(\d+|unlimited)\s/m.exec(limits) ?? [];
  if (soft === undefined) return USUAL_DESCRIPTOR_LIMIT;
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}
