import { METRICS } from '@registry-cache/runtime';
import { expect, test } from 'vitest';
import { scriptedProcess } from './support/scripted-supervisor.ts';
import { debugSettings, startTestAdmin, type TestAdmin } from './support/start-test-admin.ts';

/** The samples of a scrape that begin like this, once one of them is `sample`. */
async function scrapeUntil(admin: TestAdmin, sample: string): Promise<string[]> {
  let lines: string[] = [];
  await expect
    .poll(async () => (lines = (await admin.debug('GET', '/metrics')).text.split('\n')))
    .toContain(sample);
  return lines;
}

function samplesOf(lines: readonly string[], metric: string): string[] {
  return lines.filter((line) => line.startsWith(`registry_cache_${metric}`));
}

test('every metric has its help and its type', async () => {
  const admin = await startTestAdmin();
  const { text, headers } = await admin.debug('GET', '/metrics');
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  for (const [name, { help, kind }] of Object.entries(METRICS)) {
    expect(text).toContain(`# HELP registry_cache_${name} ${help}\n# TYPE registry_cache_${name} ${kind}\n`);
  }
  expect(text).toContain('registry_cache_build_info{version="1.2.3"} 1\n');
});

test('what several processes have counted is added up', async () => {
  const admin = await startTestAdmin();
  for (const id of ['proxy', 'proxy 2']) {
    const proxy = scriptedProcess({ id, name: 'proxy' });
    proxy.tally.add('requests_total', ['quay.io', 'blob', 'hit', '200'], 2);
    admin.supervisor.processes.push(proxy);
  }
  const sample = 'registry_cache_requests_total{upstream="quay.io",kind="blob",outcome="hit",status="200"} 4';
  const lines = await scrapeUntil(admin, sample);
  expect(samplesOf(lines, 'requests_total')).toEqual([sample]);
});

test('the buckets of a histogram hold all values below their bound', async () => {
  const admin = await startTestAdmin();
  const worker = scriptedProcess({ id: 'worker quay.io', name: 'worker', upstream: 'quay.io' });
  admin.supervisor.processes.push(worker);
  worker.tally.observe('upstream_duration_seconds', ['quay.io'], 0.004);
  worker.tally.observe('upstream_duration_seconds', ['quay.io'], 0.3, 2);
  worker.tally.observe('upstream_duration_seconds', ['quay.io'], 1_000);
  const lines = await scrapeUntil(
    admin,
    'registry_cache_upstream_duration_seconds_count{upstream="quay.io"} 4',
  );
  const bucket = (le: string): string =>
    `registry_cache_upstream_duration_seconds_bucket{le="${le}",upstream="quay.io"}`;
  const samples = samplesOf(lines, 'upstream_duration_seconds');
  expect(samples).toContain(`${bucket('0.001')} 0`);
  expect(samples).toContain(`${bucket('0.005')} 1`);
  expect(samples).toContain(`${bucket('0.5')} 3`);
  expect(samples).toContain(`${bucket('300')} 3`);
  expect(samples).toContain(`${bucket('+Inf')} 4`);
  expect(samples).toContain('registry_cache_upstream_duration_seconds_sum{upstream="quay.io"} 1000.604');
});

test('counters of known upstreams begin at 0, so that their first step is seen', async () => {
  const admin = await startTestAdmin();
  const { text } = await admin.debug('GET', '/metrics');
  expect(text).toContain('registry_cache_upstream_bytes_total{upstream="quay.io"} 0\n');
  expect(text).toContain('registry_cache_fills_total{upstream="quay.io",end="failed"} 0\n');
  expect(text).toContain('registry_cache_evicted_bytes_total 0\n');
});

test('a worker that sleeps fills nothing and is no outage', async () => {
  const admin = await startTestAdmin();
  const worker = scriptedProcess({
    id: 'worker quay.io',
    name: 'worker',
    upstream: 'quay.io',
    observation: {
      gauges: [
        { metric: 'fills_running', labels: ['quay.io'], value: 3 },
        { metric: 'upstream_up', labels: ['quay.io'], value: 0 },
      ],
    },
  });
  admin.supervisor.processes.push(worker);
  const awake = await scrapeUntil(admin, 'registry_cache_fills_running{upstream="quay.io"} 3');
  expect(awake).toContain('registry_cache_upstream_up{upstream="quay.io"} 0');
  admin.supervisor.processes.splice(0, 1, { ...worker, state: 'asleep' });
  const asleep = await scrapeUntil(admin, 'registry_cache_fills_running{upstream="quay.io"} 0');
  expect(asleep).toContain('registry_cache_upstream_up{upstream="quay.io"} 1');
  expect(asleep).toContain('registry_cache_process_up{process="worker quay.io"} 1');
});

test('a process that has ended is down, and was started again so often', async () => {
  const admin = await startTestAdmin();
  admin.supervisor.processes.push(
    scriptedProcess({ id: 'logger', name: 'logger', state: 'ended', restarts: 7 }),
  );
  const lines = await scrapeUntil(admin, 'registry_cache_process_up{process="logger"} 0');
  expect(lines).toContain('registry_cache_process_restarts_total{process="logger"} 7');
});

test('metrics are where the settings want them, and nowhere if they do not', async () => {
  const admin = await startTestAdmin();
  const port = admin.settings.debug?.port ?? 0;
  await admin.reload({ debug: debugSettings(port, { metricsPath: '/numbers' }) });
  expect((await admin.debug('GET', '/metrics')).status).toBe(404);
  expect((await admin.debug('GET', '/numbers')).status).toBe(200);
  const { metricsPath: _, ...none } = debugSettings(port);
  await admin.reload({ debug: none });
  expect((await admin.debug('GET', '/numbers')).status).toBe(404);
});
