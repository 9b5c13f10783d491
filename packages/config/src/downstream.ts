import { isMap, type ConfigMap, type ConfigTree } from './config-tree.ts';
import { findSimilar } from './did-you-mean.ts';
import { parseDownstreamOptions, type DownstreamOptions } from './downstream-options.ts';
import type { Findings } from './findings.ts';
import { readSection } from './read-section.ts';
import { flag, kindOf, text } from './value-parsers.ts';

const PATH: readonly string[] = ['middleware', 'registry'];
const NAME = 'downstream';

/**
 * Takes `middleware.registry` out of the tree. Its entry `downstream`, as the caches of DTR and MSR are configured, makes this
 * the content cache of one origin; undefined where there is none. Other middlewares are named in a warning.
 */
export function takeDownstream(tree: ConfigTree, findings: Findings): DownstreamOptions | undefined {
  const list = tree.get(PATH);
  if (list === undefined) return undefined;
  tree.remove(PATH);
  if (!Array.isArray(list)) {
    findings.problem(PATH.join('.'), `expected a list, got ${kindOf(list)}`);
    return undefined;
  }
  const [first, ...more] = findEntries(list, findings);
  for (const { key } of more) {
    findings.problem(key, `expected one ${NAME}: ${first?.key} is one too; disabled: true switches one off`);
  }
  if (first === undefined) return undefined;
  const { options } = readSection(
    first.entry,
    { key: first.key, known: ['name', 'disabled', 'options'] },
    findings,
  );
  return parseDownstreamOptions(options, `${first.key}.options`, findings);
}

interface Entry {
  readonly key: string;
  readonly entry: ConfigMap;
}

/** The entries `downstream` that are not switched off. */
function findEntries(list: readonly unknown[], findings: Findings): Entry[] {
  const found: Entry[] = [];
  const others: string[] = [];
  for (const [index, entry] of list.entries()) {
    const key = `${PATH.join('.')}[${index}]`;
    if (!isMap(entry)) {
      findings.problem(key, `expected a map with a name, got ${kindOf(entry)}`);
      continue;
    }
    const name = findings.parse(`${key}.name`, () => text(entry['name']));
    const isDisabled = findings.parse(`${key}.disabled`, () => flag(entry['disabled'] ?? false));
    if (name === undefined || isDisabled === true) continue;
    if (name === NAME) found.push({ key, entry });
    // Passed over, a content cache would be an open cache of the public registries.
    else if (findSimilar(name, [NAME]) !== undefined) {
      findings.problem(`${key}.name`, `unknown middleware, did you mean ${NAME}?`);
    } else others.push(`${key} (${name})`);
  }
  if (others.length > 0) {
    findings.warning(
      `these middlewares are ignored, as they mean nothing to this cache: ${others.join(', ')}`,
    );
  }
  return found;
}
