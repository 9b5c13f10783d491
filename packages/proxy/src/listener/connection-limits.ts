import { readFile } from 'node:fs/promises';
import { totalmem } from 'node:os';

/** How many connections a process may have. */
export interface ConnectionLimits {
  /** What comes beyond is refused at once. */
  readonly max: number;
  /** From here on idle connections make room; without any, only health checks are answered on new ones. */
  readonly crowdedAt: number;
  /** Of which a connection takes one, and an answer that is being sent another one: beyond, idle connections make room too. */
  readonly descriptors: number;
}

// Standard streams, the channels to supervisor and logger, and sixteen kept connections to each of a dozen workers.
const RESERVED_DESCRIPTORS = 256;
const MIN_CONNECTIONS = 32;
const MAX_CONNECTIONS = 32_768;
const SPARE_CONNECTIONS = 32;
// An idle one costs 50 KiB with TLS, and no number of them may cost the process its life.
const IDLE_CONNECTION_BYTES = 50 * 1024;
const SHARE_OF_MEMORY = 1 / 4;

/**
 * Few enough that neither descriptors nor memory run out, whatever clients do.
 *
 * @param memoryBytes that this process may use
 */
export function connectionLimitsOf(descriptorLimit: number, memoryBytes: number): ConnectionLimits {
  const descriptors = Math.max(descriptorLimit - RESERVED_DESCRIPTORS, MIN_CONNECTIONS);
  const affordable = Math.floor((memoryBytes * SHARE_OF_MEMORY) / IDLE_CONNECTION_BYTES);
  const max = Math.min(descriptors, Math.max(affordable, MIN_CONNECTIONS), MAX_CONNECTIONS);
  return { max, crowdedAt: max - Math.min(SPARE_CONNECTIONS, max / 2), descriptors };
}

/** Bytes: the machine's, or of the container where that has less. */
export function readMemoryLimit(): number {
  // 0, or more than there is, where nothing is constrained.
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
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
