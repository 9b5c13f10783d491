/**
 * The value, or undefined where its file is not there. Only ENOENT and ENOTDIR are absence: a disk that cannot be read is not
 * an empty one.
 */
export async function unlessAbsent<T>(value: Promise<T>): Promise<T | undefined> {
  try {
    return await value;
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

export function isAbsence(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

/** Whether a folder could not be removed since something is in it. POSIX lets a filesystem say either. */
export function isNotEmpty(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST');
}
