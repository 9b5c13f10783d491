/** Whether a process runs, has been told to end for want of work, or waits for some. */
export interface Sleep {
  readonly isAsleep: boolean;
  /** It has nothing to do and is told to end. */
  fallAsleep(): void;
  /** It had something to do after all. */
  stayAwake(): void;
  /**
   * It has ended.
   *
   * @param exitCode undefined where it was killed
   * @returns whether it did so because it was told to
   */
  ended(exitCode: number | undefined): boolean;
  /** Somebody needs it. */
  wake(): void;
  /** Resolves once somebody needs it. */
  woken(): Promise<void>;
}

type State = 'awake' | 'falling asleep' | 'needed again' | 'asleep';

/**
 * Who asks for a process that does not listen may be late: by then it starts, waits for its turn after a crash, or listens
 * again. Only one that was told to end before, or has ended, has not been started since; so it is the supervisor who tells it to.
 */
export function createSleep({ isAsleep }: { readonly isAsleep: boolean }): Sleep {
  let state: State = isAsleep ? 'asleep' : 'awake';
  let onWoken = (): void => {};
  return {
    get isAsleep() {
      return state === 'asleep';
    },
    fallAsleep() {
      if (state === 'awake') state = 'falling asleep';
    },
    stayAwake() {
      state = 'awake';
    },
    ended(exitCode) {
      const wasTold = state !== 'awake' && exitCode === 0;
      state = wasTold && state === 'falling asleep' ? 'asleep' : 'awake';
      return wasTold;
    },
    wake() {
      if (state === 'falling asleep') state = 'needed again';
      if (state !== 'asleep') return;
      state = 'awake';
      onWoken();
    },
    async woken() {
      if (state !== 'asleep') return;
      await new Promise<void>((resolve) => {
        onWoken = resolve;
      });
    },
  };
}
