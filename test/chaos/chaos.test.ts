import { beforeAll, expect, test } from 'vitest';
import type { Finding } from './ledger.ts';
import { parseChaosOptions } from './options.ts';
import { mostByName } from './process-watch.ts';
import { describeRun } from './report.ts';
import { BEFORE_AND_AFTER_MS, LOG_FILE, runChaos, type ChaosResult } from './run-chaos.ts';

// Clients pull without pause while processes are killed, upstreams fail in every way, the disk fills and the cleaner evicts. What is
// done and what clients ask for follows from a seed; a failure counts unless what was done at that time justifies it.

/** Connections that are kept for the next request. */
const MORE_DESCRIPTORS = 16;
/** What a process that has worked keeps for its next objects, beyond what it had after its first pulls. */
const MORE_RESIDENT_BYTES = 96 * 1024 * 1024;

const CLOSING_MS = 60_000;

const options = parseChaosOptions(process.env);
let result: ChaosResult;

beforeAll(
  async () => {
    result = await runChaos(options);
    process.stdout.write(`${describeRun(options, result)}log of the cache: ${LOG_FILE}\n`);
  },
  options.seconds * 1000 + BEFORE_AND_AFTER_MS + CLOSING_MS,
);

test('something was pulled, and something failed', () => {
  const counts = result.ledger.counts.get('GET blob');
  expect([...(counts?.keys() ?? [])]).toEqual(expect.arrayContaining(['hit', 'miss']));
  expect(result.journal.entries.length).toBeGreaterThan(3);
});

test('who may not pull was refused', () => {
  const asNobody = result.ledger.counts.get('GET as-nobody');
  expect([...(asNobody?.keys() ?? [])]).toContain('refused');
});

test('no wrong byte was ever delivered, and none to who may not pull', () => {
  expect(findingsOf('wrong bytes')).toEqual([]);
});

test('no request failed without a failure that justifies it', () => {
  expect(findingsOf('unjustified failure')).toEqual([]);
});

test('everything can be pulled when it is over', () => {
  expect(result.afterwards.findings.map(({ request }) => request)).toEqual([]);
});

test('no process leaks descriptors', () => {
  const before = mostByName(result.before);
  for (const [name, { descriptors, deletedFiles }] of mostByName(result.after)) {
    const bound = (before.get(name)?.descriptors ?? 0) + MORE_DESCRIPTORS;
    expect(descriptors, `descriptors of the ${name}`).toBeLessThanOrEqual(bound);
    expect(deletedFiles, `removed files that the ${name} holds open`).toEqual([]);
  }
});

test('no process leaks memory', () => {
  const before = mostByName(result.before);
  for (const [name, { residentBytes }] of mostByName(result.after)) {
    const bound = (before.get(name)?.residentBytes ?? 0) + MORE_RESIDENT_BYTES;
    expect(residentBytes, `resident bytes of the ${name}`).toBeLessThanOrEqual(bound);
  }
});

test('the store holds what its digests say', () => {
  const { exitCode, stdout, stderr } = result.storeCheck;
  expect(exitCode, stdout + stderr).toBe(0);
});

test('what killed processes left behind is gone after a cleaning pass', () => {
  expect(result.leftoversAfterCleaning).toEqual([]);
});

/** What they were is in the report. */
function findingsOf(kind: Finding['kind']): string[] {
  return result.ledger.findings.filter((finding) => finding.kind === kind).map(({ request }) => request);
}
