import type { ConfigMap } from './config-tree.ts';
import { findSimilar } from './did-you-mean.ts';
import type { Findings } from './findings.ts';

export interface ExpectedSection<Name extends string> {
  /** Where it is, for messages. */
  readonly key: string;
  readonly known: readonly Name[];
}

/**
 * The values of a section inside a list, where the schema of config.yml does not reach. Each key that is not known is a problem; a key without a value is as good as left out.
 */
export function readSection<Name extends string>(
  input: ConfigMap,
  { key, known }: ExpectedSection<Name>,
  findings: Findings,
): Readonly<Partial<Record<Name, unknown>>> {
  const values: Partial<Record<Name, unknown>> = {};
  for (const [written, value] of Object.entries(input)) {
    const name = known.find((candidate) => candidate === written);
    if (name === undefined) {
      const similar = findSimilar(written, known);
      const hint = similar === undefined ? '' : `, did you mean ${key}.${similar}?`;
      findings.problem(`${key}.${written}`, `unknown key${hint}`);
    } else if (value !== null) values[name] = value;
  }
  return values;
}
