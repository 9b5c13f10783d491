/**
 * Aborts at the first Ctrl-C or SIGTERM, or when nobody reads standard output any more. A second Ctrl-C finds no handler and ends the process at once, for whoever does not
 * want to wait.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    process.off('SIGHUP', stop);
    controller.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  // The terminal was closed.
  process.on('SIGHUP', stop);
  process.stdout.once('error', stop);
  return controller.signal;
}
