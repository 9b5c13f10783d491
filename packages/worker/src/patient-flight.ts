/** Runs a piece of work once for all who ask for it while it runs, and tells those who need not wait when it takes long. */
export interface PatientFlight<Result> {
  run(key: string, work: () => Promise<Result>): Flight<Result>;
}

export interface Flight<Result> {
  readonly result: Promise<Result>;
  /** Resolves when the work has taken longer than the patience, counted from its beginning; never where it was quicker. */
  readonly overdue: Promise<void>;
}

export function createPatientFlight<Result>(patienceMs: number): PatientFlight<Result> {
  const running = new Map<string, Flight<Result>>();

  function start(key: string, work: () => Promise<Result>): Flight<Result> {
    let timer: NodeJS.Timeout | undefined;
    const overdue = new Promise<void>((resolve) => (timer = setTimeout(resolve, patienceMs)));
    const result = work().finally(() => {
      clearTimeout(timer);
      running.delete(key);
    });
    return { result, overdue };
  }

  return {
    run(key, work) {
      const joined = running.get(key);
      if (joined !== undefined) return joined;
      const flight = start(key, work);
      running.set(key, flight);
      return flight;
    },
  };
}
