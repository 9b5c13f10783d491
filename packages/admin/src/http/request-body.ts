import type { IncomingMessage } from 'node:http';
import { CacheError } from '../cache.ts';

const MAX_BODY_BYTES = 64 * 1024;

/**
 * A page of another site can have a browser send forms and texts to us, but `application/json` only after asking us first, which
 * is never answered.
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const text = await readBody(request, 'application/json');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CacheError('INVALID', 'the body is not JSON', { cause });
  }
}

export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  return new URLSearchParams(await readBody(request, 'application/x-www-form-urlencoded'));
}

async function readBody(request: IncomingMessage, expectedType: string): Promise<string> {
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== expectedType) {
    throw new CacheError('INVALID', `expected a body with content-type: ${expectedType}`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const buffer: Buffer = chunk;
    bytes += buffer.length;
    if (bytes > MAX_BODY_BYTES) {
      throw new CacheError('INVALID', `expected a body of at most ${MAX_BODY_BYTES} bytes`);
    }
    chunks.push(buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
