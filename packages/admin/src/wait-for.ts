/** Rejects with the signal's reason as soon as it is aborted; what is waited for goes on. */
export async function waitFor<T>(value: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    void value.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
