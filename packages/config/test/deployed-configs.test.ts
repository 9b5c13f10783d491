import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { createWorkspace } from './support/workspace.ts';

// What the files in deploy/ say of each other.

const KUBERNETES = new URL('../../../deploy/kubernetes/', import.meta.url);

async function readManifest(name: string): Promise<string> {
  return readFile(new URL(name, KUBERNETES), 'utf8');
}

async function parseManifest(name: string): Promise<unknown> {
  return parseAllDocuments(await readManifest(name)).map((document): unknown => document.toJS())[0];
}

test('on Kubernetes, metrics are where the manifests say, and the configuration has no mistake', async () => {
  const { loadYaml } = await createWorkspace();
  const { debug } = await loadYaml(await readManifest('config.yml'));

  expect(debug).toMatchObject({ host: '', port: 5001, metricsPath: '/metrics' });
  expect(await parseManifest('statefulset.yaml')).toMatchObject({
    spec: {
      template: {
        metadata: {
          annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': String(debug?.port) },
        },
        spec: {
          containers: [
            { ports: expect.arrayContaining([{ name: 'metrics', containerPort: debug?.port }]) as unknown },
          ],
        },
      },
    },
  });
  expect(await parseManifest('podmonitor.yaml')).toMatchObject({
    spec: { podMetricsEndpoints: [{ port: 'metrics' }] },
  });
});
