import { expect, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { cacheImage } from '../support/client/cache-image.ts';
import { pullImage } from '../support/client/pull-image.ts';
import { closeAtEnd } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { findFreePort } from '../support/free-port.ts';
import { addColdImage } from '../support/image/cold-image.ts';
import { run } from './support/run.ts';

// What Prometheus itself says of our metrics, our rules and our example.

const FOLDER = new URL('../../deploy/prometheus/', import.meta.url).pathname;

test('promtool finds no fault with a scrape after pulls', async () => {
  const port = await findFreePort();
  const env = { REGISTRY_HTTP_DEBUG_ADDR: `127.0.0.1:${port}` };
  const { upstream, client } = await startCachedUpstream(closeAtEnd, { env });
  const image = addColdImage(upstream, 'scraped');
  await cacheImage(client, image.name, 'v1');
  await pullImage(client, image.name, 'v1');

  const metrics = await eventually('everything was counted', async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
    const text = await answer.text();
    const isWhole = ['hit', 'miss'].every((outcome) =>
      text.includes(`registry_cache_requests_total{upstream="quay.io",kind="blob",outcome="${outcome}"`),
    );
    return isWhole && text.includes('registry_cache_disk_used_bytes ') ? text : undefined;
  });
  const { stdout, stderr } = await run('promtool', ['check', 'metrics'], { input: metrics });
  expect(`${stdout}${stderr}`).toBe('');
});

test('the alert rules are rules, and fire when they should', async () => {
  await run('promtool', ['check', 'rules', 'alerts.yml'], { cwd: FOLDER });
  const { stdout } = await run('promtool', ['test', 'rules', 'alerts-test.yml'], { cwd: FOLDER });
  expect(stdout).toContain('SUCCESS');
});

test('the example of a scrape is a configuration', async () => {
  await run('promtool', ['check', 'config', 'prometheus.yml'], { cwd: FOLDER });
});
