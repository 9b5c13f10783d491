/** Passes on what changes faster than anyone wants to see. */
export interface Occasional<Value> {
  /** At once, or as the last of its time. */
  tell(this: void, value: Value): void;
  /** From now on nothing is passed on. */
  close(this: void): void;
}

/** The last value is passed on too, since nothing may come for long. */
export function atMostEvery<Value>(everyMs: number, passOn: (value: Value) => void): Occasional<Value> {
  let latest: { readonly value: Value } | undefined;
  let pause: NodeJS.Timeout | undefined;
  const passOnNow = (value: Value): void => {
    latest = undefined;
    pause = setTimeout(() => {
      pause = undefined;
      if (latest !== undefined) passOnNow(latest.value);
    }, everyMs);
    passOn(value);
  };
  return {
    tell(value) {
      if (pause === undefined) passOnNow(value);
      else latest = { value };
    },
    close: () => clearTimeout(pause),
  };
}
