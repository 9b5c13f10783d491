import { readFile } from 'node:fs/promises';
import { METRICS } from '@registry-cache/runtime';
import { describe, expect, test } from 'vitest';

// Alerts and dashboards that name what is not there never fire and show nothing, without a word.

const DEPLOY = new URL('../../../deploy/', import.meta.url);
const PREFIX = 'registry_cache_';
/** Not counted by a process. */
const BUILD_INFO = 'build_info';
/** Of Prometheus itself. */
const TARGET_LABELS = ['job', 'instance'];

const NAMES = Object.entries(METRICS).flatMap(([name, { kind }]) =>
  kind === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => `${name}${end}`) : [name],
);

function labelsOf(name: string): readonly string[] {
  if (name === BUILD_INFO) return ['version', ...TARGET_LABELS];
  const metric = Object.entries(METRICS).find(
    ([each]) => each === name.replace(/_(?:bucket|sum|count)$/, ''),
  );
  const own = name in METRICS ? METRICS[name as keyof typeof METRICS].labels : (metric?.[1].labels ?? []);
  return [...own, ...TARGET_LABELS, 'le'];
}

describe.each(['prometheus/alerts.yml', 'prometheus/alerts-test.yml', 'grafana/registry-cache.json'])(
  '%s',
  async (path) => {
    const text = (await readFile(new URL(path, DEPLOY), 'utf8')).replaceAll('\\"', '"');
    // Names of recording rules have colons.
    const used = [...new Set(text.match(/\bregistry_cache_\w+/g))].map((name) => name.slice(PREFIX.length));
    const matchers = [...text.matchAll(/\bregistry_cache_(\w+)\{([^}]*)\}/g)];

    test('names only metrics that are there', () => {
      expect(used.filter((name) => name !== BUILD_INFO && !NAMES.includes(name))).toEqual([]);
      expect(used).not.toEqual([]);
    });

    test('names only labels that they have', () => {
      const unknown = matchers.flatMap(([whole, name = '', labels = '']) =>
        [...labels.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)]
          .filter(([, label = '']) => !labelsOf(name).includes(label))
          .map(() => whole),
      );
      expect(unknown).toEqual([]);
      expect(matchers).not.toEqual([]);
    });
  },
);

test('the dashboard shows every metric', async () => {
  const text = await readFile(new URL('grafana/registry-cache.json', DEPLOY), 'utf8');
  const unseen = Object.keys(METRICS).filter((name) => !text.includes(`${PREFIX}${name}`));
  expect(unseen).toEqual([]);
});
