import { InvalidValueError, quote } from './config-error.ts';
import { isMap } from './config-tree.ts';
import { kindOf } from './value-parsers.ts';

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** They say how the request itself is sent. */
const OF_THE_REQUEST: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'host',
  'transfer-encoding',
]);

/**
 * Headers by their names in lower case, each a text or a list of texts.
 *
 * @param authorization what the URL's user and password are, where it has them
 * @throws {InvalidValueError} without any of their values, which may be secret
 */
export function parseHeaders(input: unknown, authorization: string | undefined): Record<string, string[]> {
  if (!isMap(input)) throw new InvalidValueError(`expected a map of headers, got ${kindOf(input)}`);
  const headers: Record<string, string[]> = {};
  for (const [written, values] of Object.entries(input)) {
    const name = written.toLowerCase();
    if (!TOKEN.test(name) || OF_THE_REQUEST.has(name)) {
      throw new InvalidValueError(`expected names of headers that may be set, got ${quote(written)}`);
    }
    if (Object.hasOwn(headers, name)) throw new InvalidValueError(`${quote(written)} is there twice`);
    headers[name] = (Array.isArray(values) ? values : [values]).map((value) => parseValue(value, written));
  }
  if (authorization === undefined) return headers;
  if (Object.hasOwn(headers, 'authorization')) {
    throw new InvalidValueError('expected no Authorization beside the user and password in the url');
  }
  return { ...headers, authorization: [authorization] };
}

function parseValue(value: unknown, name: string): string {
  if (typeof value === 'string' && VALUE.test(value)) return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const found = typeof value === 'string' ? 'a text that no header can hold' : kindOf(value);
  throw new InvalidValueError(`expected a text or a list of texts for ${quote(name)}, got ${found}`);
}
