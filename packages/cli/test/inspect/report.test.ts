import { describe, expect, test } from 'vitest';
import { formatInspection } from '../../src/inspect/report.ts';
import { DIGEST, inspection, NOW_MS } from '../support/control-answers.ts';
import { pipe, plainTerminal } from '../support/plain-terminal.ts';

describe('an inspected image', () => {
  test('is shown with each manifest and blob', () => {
    expect(formatInspection(inspection(), pipe(), NOW_MS)).toEqual([
      'quay.io/org/app:1.0 is complete',
      `digest     ${DIGEST}`,
      'type       application/vnd.oci.image.manifest.v1+json',
      'size       12.0 MiB',
      'platforms  linux/amd64',
      'pulled     2 hours ago, 2026-05-04T10:00:00.000Z',
      'confirmed  3 minutes ago, 2026-05-04T11:57:00.000Z',
      'next pull  a hit: nothing is asked of the upstream',
      '',
      `WHAT                  DIGEST${' '.repeat(71)}SIZE  STATE   PULLED`,
      `manifest linux/amd64  ${DIGEST}     500 B  stored  2 hours ago`,
      `  config              ${DIGEST}   1.5 KiB  stored  2 hours ago`,
      `  layer               ${DIGEST}  12.0 MiB  stored  2 hours ago`,
    ]);
  });

  test('has digests that fit on a terminal', () => {
    const lines = formatInspection(inspection(), plainTerminal(80), NOW_MS);
    expect(lines.at(-1)).toBe('  layer               sha256:0123456789ab  12.0 MiB  stored  2 hours ago');
  });

  test('that is not cached says what its next pull would be', () => {
    const unknown = inspection({ image: undefined, nextPull: 'miss', reasons: ['nothing of it is stored'] });
    expect(formatInspection(unknown, pipe(), NOW_MS)).toEqual([
      'quay.io/org/app:1.0 is not cached',
      'next pull  a miss',
      '           nothing of it is stored',
    ]);
  });

  test('says by which patterns it is pinned', () => {
    const pinned = inspection({ isPinned: true, pins: ['quay.io/org/**'] });
    expect(formatInspection(pinned, pipe(), NOW_MS)).toContain(
      'pinned     by quay.io/org/**: it is never evicted',
    );
  });
});
