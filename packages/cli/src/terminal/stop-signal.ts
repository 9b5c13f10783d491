/** Why a command was stopped, and what it ends with: 128 and the number of the signal, as shells count. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
  readonly exitCode: number;

  constructor(exitCode: number) {
    super('stopped');
    this.exitCode = exitCode;
  }
}

const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/**
 * Aborts with a `Stopped` at the first Ctrl-C or SIGTERM, when the terminal is closed, or when nobody reads standard output any more. A second
 * Ctrl-C finds no handler and ends the process at once, for whoever does not want to wait.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = (exitCode: number): void => {
    for (const name of SIGNALS) process.off(name, onSignal);
    controller.abort(new Stopped(exitCode));
  };
  const onSignal = (name: keyof typeof EXIT_CODES): void => stop(EXIT_CODES[name]);
  for (const name of SIGNALS) process.on(name, onSignal);
  // `| head` has read enough.
  process.stdout.once('error', () => stop(0));
  return controller.signal;
}

const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;
