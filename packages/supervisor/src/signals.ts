/** What signals come from; `process` outside of tests. */
export interface SignalSource {
  on(signal: 'SIGTERM' | 'SIGINT' | 'SIGHUP', listener: () => void): unknown;
  off(signal: 'SIGTERM' | 'SIGINT' | 'SIGHUP', listener: () => void): unknown;
}

export interface Signals {
  /** Aborted by the first SIGTERM or SIGINT: finish what is in flight. */
  readonly stop: AbortSignal;
  /** Aborted by the second: end now. */
  readonly kill: AbortSignal;
  /** Who is told of SIGHUP. Until somebody is, it means nothing. */
  onReload(listener: () => void): void;
  close(): void;
}

export function listenForSignals(source: SignalSource): Signals {
  const stop = new AbortController();
  const kill = new AbortController();
  let reload = (): void => {};
  const onHangup = (): void => reload();
  const onStop = (): void => {
    if (stop.signal.aborted) kill.abort();
    else stop.abort();
  };
  source.on('SIGTERM', onStop);
  source.on('SIGINT', onStop);
  source.on('SIGHUP', onHangup);
  return {
    stop: stop.signal,
    kill: kill.signal,
    onReload(listener) {
      reload = listener;
    },
    close() {
      source.off('SIGTERM', onStop);
      source.off('SIGINT', onStop);
      source.off('SIGHUP', onHangup);
    },
  };
}
