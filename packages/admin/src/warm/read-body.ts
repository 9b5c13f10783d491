import type { IncomingMessage } from 'node:http';
import { WarmProblem } from './warm-problem.ts';

/** @throws {WarmProblem} beyond `maxBytes`, without reading on */
export async function readBody(answer: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let readBytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    readBytes += chunk.byteLength;
    if (readBytes > maxBytes) throw new WarmProblem(`the answer has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
