/**
 * Works off what comes, so many at a time. When a task fails, nothing more is begun, and the signal that the others have is aborted; rejects
 * with that failure when all have ended.
 */
export async function forEachAtOnce<Item>(
  items: AsyncIterable<Item> | Iterable<Item>,
  atOnce: number,
  task: (item: Item, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const queue = oneByOne(items);
  const work = async (): Promise<void> => {
    for (;;) {
      either.throwIfAborted();
      const { done, value } = await queue.next();
      if (done === true) return;
      await task(value, either);
    }
  };
  const workers = Array.from({ length: atOnce }, () => work().catch((error: unknown) => failed.abort(error)));
  await Promise.all(workers);
  signal.throwIfAborted();
  failed.signal.throwIfAborted();
}

/** A generator hands out one item after the other, whoever asks. */
async function* oneByOne<Item>(
  items: AsyncIterable<Item> | Iterable<Item>,
): AsyncGenerator<Item, void, undefined> {
  yield* items;
}
