import type { ServerResponse } from 'node:http';
import type { Answer } from './answer.ts';

/** Thrown by a body that is to end with a broken connection. */
export class ConnectionReset extends Error {
  override readonly name = 'ConnectionReset';
}

/** Sends an answer with backpressure and counts the body's bytes by `onSent`. A client that leaves ends it early. */
export async function sendAnswer(
  res: ServerResponse,
  answer: Answer,
  onSent: (bytes: number) => void,
): Promise<void> {
  const left = new Promise<void>((resolve) => res.once('close', resolve));
  res.writeHead(answer.status, { ...answer.headers });
  if (res.req.method === 'HEAD') {
    res.end();
    return;
  }
  res.flushHeaders();
  try {
    for await (const chunk of answer.body) {
      if (res.destroyed) return;
      onSent(chunk.length);
      if (!res.write(chunk)) await Promise.race([drained(res), left]);
    }
    res.end();
  } catch (err) {
    if (!(err instanceof ConnectionReset)) throw err;
    await Promise.race([drained(res), left]);
    res.destroy();
  }
}

/** So that what was written before a reset leaves before it. */
async function drained(res: ServerResponse): Promise<void> {
  if (!res.writableNeedDrain) return;
  await new Promise<void>((resolve) => res.once('drain', resolve));
}
