import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { SupervisorError } from './supervisor-error.ts';

// `sun_path` holds 108 bytes with its final NUL on Linux, 104 on BSD and macOS.
const MAX_SOCKET_PATH_BYTES = 103;

/**
 * The unix socket of a process in the run directory. A name too long for the system is replaced by its hash: an upstream's
 * name may have 253 characters.
 *
 * @throws SupervisorError `RUN_DIRECTORY` when not even that fits
 */
export function socketPath(runDirectory: string, name: string): string {
  const path = join(runDirectory, `${name}.sock`);
  if (fitsSocket(path)) return path;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 16);
  const short = join(runDirectory, `${hash}.sock`);
  if (fitsSocket(short)) return short;
  throw new SupervisorError(
    'RUN_DIRECTORY',
    `run directory ${runDirectory}: its path is too long for unix sockets (${MAX_SOCKET_PATH_BYTES} bytes with the ` +
      `socket's name); choose a shorter one`,
  );
}

/** Node cuts a longer path without a word, and listens somewhere else. */
export function fitsSocket(path: string): boolean {
  return Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES;
}
