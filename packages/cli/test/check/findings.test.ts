import { loadSettings } from '@registry-cache/config';
import { expect, test } from 'vitest';
import { findingsOf } from '../../src/check/findings.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const NOW = Date.UTC(2026, 5, 1);
const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

test.each([
  ['is fine while it is valid', NOW, false],
  ['is refused after it expired', NOW + 5 * YEAR_MS, true],
  ['is refused before it is valid', NOW - YEAR_MS, true],
])('a certificate %s', async (_, nowMs, isRefused) => {
  const folder = await temporaryFolder();
  const overrides = { 'storage.filesystem.rootdirectory': folder };
  const settings = await loadSettings({ env: { HOME: folder }, overrides, now: () => NOW });
  expect(findingsOf(settings, nowMs).isCertificateRefused).toBe(isRefused);
});
