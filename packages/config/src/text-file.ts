import { readFile, stat } from 'node:fs/promises';
import { InvalidValueError } from './config-error.ts';

const MAX_BYTES = 4 * 1024 * 1024;

/**
 * @throws {InvalidValueError} saying why the file cannot be read, fit for the operator who named it
 */
export async function readTextFile(path: string, maxBytes: number = MAX_BYTES): Promise<string> {
  return (await readBinaryFile(path, maxBytes)).toString('utf8').replace(/^\uFEFF/, '');
}

/** As `readTextFile`, for what may turn out to be no text. */
export async function readBinaryFile(path: string, maxBytes: number = MAX_BYTES): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size > maxBytes) throw new InvalidValueError(`${path} is larger than ${maxBytes / 1024} KiB`);
    return await readFile(path);
  } catch (err) {
    throw isSystemError(err) ? new InvalidValueError(`cannot read ${path}: ${reason(err)}`) : err;
  }
}

/** Whether something is at `path`. What cannot be looked at counts, so that reading it says why. */
export async function isPresent(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (err) {
    if (isSystemError(err)) return err.code !== 'ENOENT' && err.code !== 'ENOTDIR';
    throw err;
  }
}

export function isSystemError(err: unknown): err is NodeJS.ErrnoException {
  return err instanceof Error && 'code' in err && 'syscall' in err;
}

function reason(err: NodeJS.ErrnoException): string {
  switch (err.code) {
    case 'ENOENT':
      return 'no such file';
    case 'EACCES':
      return `user ${process.getuid?.() ?? ''} may not read it`;
    case 'EISDIR':
      return 'it is a folder (container engines make one where the file to mount is missing on the host)';
    default:
      return err.code ?? err.message;
  }
}
