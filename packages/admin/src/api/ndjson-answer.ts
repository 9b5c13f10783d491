import type { Answer } from '../http/route.ts';

/** One JSON text to a line, as they come. What the first one fails with is thrown: the request was wrong. */
export async function ndjsonAnswer(values: AsyncIterator<unknown>): Promise<Answer> {
  const first = await values.next();
  return {
    status: 200,
    headers: { 'content-type': 'application/x-ndjson; charset=utf-8' },
    body: linesOf(first, values),
  };
}

async function* linesOf(
  first: IteratorResult<unknown>,
  values: AsyncIterator<unknown>,
): AsyncGenerator<string> {
  try {
    for (let next = first; next.done !== true; next = await values.next()) {
      yield `${JSON.stringify(next.value)}\n`;
    }
  } finally {
    // Whoever reads may stop.
    await values.return?.();
  }
}
