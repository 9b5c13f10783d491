import { LineCounter, parseDocument } from 'yaml';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { isMap, type ConfigMap } from './config-tree.ts';
import { readTextFile } from './text-file.ts';

// The parser's search for duplicate keys is quadratic: a megabyte keeps it busy for half a minute.
const MAX_FILE_BYTES = 256 * 1024;
const MAX_ALIASES = 10;

/**
 * The file's map; an empty file is an empty one.
 *
 * @throws {InvalidValueError} when it cannot be read
 * @throws {ConfigError} with every mistake of its syntax, without the text around it
 */
export async function readConfigFile(path: string): Promise<ConfigMap> {
  return parse(await readTextFile(path, MAX_FILE_BYTES), path);
}

function parse(text: string, source: string): ConfigMap {
  const lineCounter = new LineCounter();
  // Pretty errors quote the lines around a mistake, and those may hold secrets.
  const document = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: true, merge: true });
  const mistakes = [...document.errors, ...document.warnings].map(({ pos, message }): ConfigProblem => {
    const { line, col } = lineCounter.linePos(pos[0]);
    return { key: `${source}:${line}:${col}`, message };
  });
  if (mistakes.length > 0) throw new ConfigError(mistakes);

  const value = expand(document, source);
  if (value === null || value === undefined) return {};
  if (!isMap(value)) throw new ConfigError([{ key: source, message: 'expected a map of settings' }]);
  return value;
}

function expand(document: { toJS(options: { maxAliasCount: number }): unknown }, source: string): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (err) {
    if (!(err instanceof ReferenceError)) throw err;
    throw new ConfigError([{ key: source, message: `expected at most ${MAX_ALIASES} uses of YAML aliases` }]);
  }
}
