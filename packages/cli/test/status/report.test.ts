import { describe, expect, test } from 'vitest';
import { formatStatus } from '../../src/status/report.ts';
import {
  DIGEST,
  HOUR_MS,
  MIB,
  MINUTE_MS,
  NO_TRAFFIC,
  NOW_MS,
  status,
  traffic,
} from '../support/control-answers.ts';
import { pipe, plainTerminal } from '../support/plain-terminal.ts';

const FILL = {
  upstream: 'quay.io',
  repository: 'org/app',
  digest: DIGEST,
  receivedBytes: 30 * MIB,
  sizeBytes: 120 * MIB,
  startedAtMs: NOW_MS - 10_000,
  readers: 3,
};

describe('the status of a cache', () => {
  test('begins with what it is, its disk and what it has saved', () => {
    expect(formatStatus(status(), pipe(), NOW_MS).slice(0, 7)).toEqual([
      'registry-cache 0.1.0 at https://*:8443, for 3 days',
      '',
      'disk      7.5 GiB of 10.0 GiB (75 %) in 1204 blobs',
      '          800.0 GiB free on the disk, cleaned above 12.0 GiB, measured 12 minutes ago',
      'traffic   90 % hits of 1000 requests',
      '          10.0 GiB to clients, 1.0 GiB from upstreams: 9.0 GiB saved',
      'data      /var/lib/registry',
    ]);
  });

  test('draws the disk as a bar only where somebody watches', () => {
    const lines = formatStatus(status(), plainTerminal(80), NOW_MS);
    expect(lines[2]).toBe(
      `disk      ${'━'.repeat(23)}${'─'.repeat(7)}  7.5 GiB of 10.0 GiB (75 %) in 1204 blobs`,
    );
  });

  test('says so while the disk is being measured, and before the first pull', () => {
    const fresh = status({ traffic: NO_TRAFFIC, disk: { ...status().disk, usedBytes: undefined } });
    const text = formatStatus(fresh, pipe(), NOW_MS).join('\n');
    expect(text).toContain('disk      up to 10.0 GiB; what is used is being measured');
    expect(text).toContain('traffic   none yet');
  });

  test('says below an upstream why it is down and how much of its limit is left', () => {
    const down = {
      name: 'quay.io',
      url: 'https://quay.io',
      state: 'down' as const,
      problem: 'connect ECONNREFUSED 192.0.2.1:443',
      askedAgainAtMs: NOW_MS + 20_000,
      rateLimit: { remaining: 76, windowSeconds: 21_600, saidAtMs: NOW_MS },
      traffic: traffic({ hitRatio: 0.99999 }),
    };
    const lines = formatStatus(status({ upstreams: [down] }), pipe(), NOW_MS);
    expect(lines.slice(lines.indexOf('upstreams') + 2, lines.indexOf('upstreams') + 5)).toEqual([
      '  quay.io  down   99.9 %      1000    10.0 GiB        1.0 GiB  9.0 GiB',
      '    connect ECONNREFUSED 192.0.2.1:443; asked again in 20 seconds',
      '    rate limit: 76 requests left in 6 hours',
    ]);
  });

  test('shows how far a fill is, how fast, and for how many', () => {
    const lines = formatStatus(status({ fills: [FILL] }), pipe(), NOW_MS);
    expect(lines[lines.indexOf('fills') + 2]).toBe(
      `  quay.io/org/app  ${DIGEST}  25 %  30.0 MiB of 120.0 MiB  3.0 MiB/s        3`,
    );
  });

  test('fits a fill into the line of a terminal', () => {
    const long = { ...FILL, repository: `${'very/'.repeat(20)}long` };
    const lines = formatStatus(status({ fills: [long] }), plainTerminal(120), NOW_MS);
    const line = lines[lines.indexOf('fills') + 2] ?? '';
    expect(line).toHaveLength(120);
    expect(line).toContain('…');
  });

  test('counts the workers that sleep, and lists who is awake', () => {
    const lines = formatStatus(status(), pipe(), NOW_MS);
    expect(lines.slice(lines.indexOf('processes') + 2)).toEqual([
      '  proxy 1  serving   12  3 days         0  55.0 MiB',
      '  1 worker asleep, until needed',
    ]);
  });

  test('shows the newest errors first', () => {
    const errors = [
      { atMs: NOW_MS - 2 * HOUR_MS, level: 'error' as const, process: 'cleaner', message: 'earlier' },
      {
        atMs: NOW_MS - MINUTE_MS,
        level: 'warn' as const,
        process: 'worker quay.io',
        message: 'fill failed',
        reason: 'connect ECONNREFUSED',
      },
    ];
    expect(formatStatus(status({ errors }), pipe(), NOW_MS).slice(-2)).toEqual([
      '  1 minute ago  warn   worker quay.io  fill failed: connect ECONNREFUSED',
      '  2 hours ago   error  cleaner         earlier',
    ]);
  });

  test('shows what is warmed, and when what is warm is looked at again', () => {
    const warming = [
      { image: 'quay.io/org/a:1', state: 'running' as const, bytesDone: 5 * MIB, bytesTotal: 10 * MIB },
      {
        image: 'quay.io/org/b:1',
        state: 'failed' as const,
        bytesDone: 0,
        bytesTotal: 0,
        problem: 'not there',
      },
      {
        image: 'quay.io/org/c:1',
        state: 'done' as const,
        bytesDone: 1,
        bytesTotal: 1,
        nextAtMs: NOW_MS + 5 * HOUR_MS,
      },
    ];
    const lines = formatStatus(status({ warming }), pipe(), NOW_MS);
    expect(lines.slice(lines.indexOf('warming') + 2, lines.indexOf('warming') + 5)).toEqual([
      '  quay.io/org/a:1  running  50 %  5.0 MiB of 10.0 MiB',
      '  quay.io/org/b:1  failed   not there',
      '  1 image warm; looked at again in 5 hours',
    ]);
  });
});
