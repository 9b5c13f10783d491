/** What a stream is destroyed with, whatever was thrown. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('the body failed', { cause: error });
}
