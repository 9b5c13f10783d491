import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeCertificate } from '../src/certificate-report.ts';
import { InvalidValueError } from '../src/config-error.ts';
import { loadSelfSigned } from '../src/self-signed.ts';

const NOW = Date.parse('2030-01-01T00:00:00Z');
const DAY_MS = 24 * 60 * 60 * 1000;
let directory: string;
let parent: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'self-signed-'));
  directory = join(parent, 'data', 'tls');
});

afterEach(() => rm(parent, { recursive: true }));

test('is for this host and for localhost, and for at most 825 days', async () => {
  const tls = await loadSelfSigned({ directory, nowMs: NOW });
  const { names, notBefore, notAfter, problems } = describeCertificate(tls, NOW);
  expect(names).toEqual(expect.arrayContaining([hostname(), 'localhost', '127.0.0.1', '0:0:0:0:0:0:0:1']));
  expect(notAfter.getTime() - notBefore.getTime()).toBeLessThanOrEqual(825 * DAY_MS);
  expect(notBefore.getTime()).toBeLessThan(NOW);
  expect(problems).toEqual([]);
  expect(tls.source).toBe('self-signed');
  expect(() => createSecureContext({ cert: tls.certificate, key: tls.key })).not.toThrow();
});

test('is kept, with its key for the owner only', async () => {
  const first = await loadSelfSigned({ directory, nowMs: NOW });
  expect(await loadSelfSigned({ directory, nowMs: NOW + 700 * DAY_MS })).toEqual(first);
  expect((await stat(join(directory, 'self-signed.pem'))).mode & 0o777).toBe(0o600);
  expect((await readdir(directory)).toSorted()).toEqual(['certificate.pem', 'self-signed.pem']);
  expect(await readFile(join(directory, 'certificate.pem'), 'utf8')).not.toContain('PRIVATE KEY');
});

test('is renewed before it expires', async () => {
  const first = await loadSelfSigned({ directory, nowMs: NOW });
  const later = NOW + 800 * DAY_MS;
  const second = await loadSelfSigned({ directory, nowMs: later });
  expect(second.certificate).not.toBe(first.certificate);
  expect(describeCertificate(second, later).problems).toEqual([]);
});

test('is made anew when its file is damaged', async () => {
  const first = await loadSelfSigned({ directory, nowMs: NOW });
  await writeFile(join(directory, 'self-signed.pem'), first.certificate);
  const second = await loadSelfSigned({ directory, nowMs: NOW });
  expect(second.certificate).not.toBe(first.certificate);
});

test('a folder that cannot be made is a mistake of the configuration', async () => {
  await writeFile(join(parent, 'data'), 'a file');
  await expect(loadSelfSigned({ directory, nowMs: NOW })).rejects.toThrow(InvalidValueError);
});
