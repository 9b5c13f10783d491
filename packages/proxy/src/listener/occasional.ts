/** Something that may happen a thousand times a second and is worth a line now and then. */
export type Occasional = () => void;

const PERIOD_MS = 60_000;

/** @param say is called for the first time and then at most once a minute, with how often it happened since it was last called */
export function createOccasional(
  say: (times: number) => void,
  now: () => number = () => performance.now(),
): Occasional {
  let times = 0;
  let nextAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    times += 1;
    if (now() < nextAtMs) return;
    nextAtMs = now() + PERIOD_MS;
    say(times);
    times = 0;
  };
}
