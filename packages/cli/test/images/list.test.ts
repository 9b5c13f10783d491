import { describe, expect, test } from 'vitest';
import { formatImages } from '../../src/images/list.ts';
import { DIGEST, image, NOW_MS } from '../support/control-answers.ts';
import { pipe, plainTerminal } from '../support/plain-terminal.ts';

const LONG = 'quay.io/openshift-release-dev/ocp-v4.0-art-dev:4.16.3-x86_64';

describe('the list of images', () => {
  test('has a line for each, with all of it in a pipe', () => {
    const images = [
      image('docker.io/library/alpine:3.20', { platforms: ['linux/amd64', 'linux/arm64'], isPinned: true }),
      image(LONG, { state: 'partial', missingBlobs: 3 }),
      image('quay.io/org/old:1', { state: 'evicted', platforms: [], pulledAtMs: undefined }),
    ];
    expect(formatImages(images, pipe(), NOW_MS)).toEqual([
      'IMAGE                                                         PLATFORM                     SIZE  PULLED       CONFIRMED      STATE',
      'docker.io/library/alpine:3.20                                 linux/amd64,linux/arm64  12.0 MiB  2 hours ago  3 minutes ago  complete, pinned',
      `${LONG}  linux/amd64              12.0 MiB  2 hours ago  3 minutes ago  partial, 3 blobs missing`,
      'quay.io/org/old:1                                             -                               -  -            3 minutes ago  evicted',
    ]);
  });

  test('cuts no digest in a pipe: it is a name for other commands', () => {
    expect(formatImages([image('quay.io/org/app')], pipe(), NOW_MS)[1]).toContain(
      `quay.io/org/app@${DIGEST} `,
    );
    expect(formatImages([image('quay.io/org/app')], plainTerminal(120), NOW_MS)[1]).toContain(
      'quay.io/org/app@sha256:0123456789ab ',
    );
  });

  test.each([[120], [100], [80], [60]])('has no line longer than the %i columns of a terminal', (columns) => {
    const lines = formatImages([image(LONG), image('quay.io/a:1')], plainTerminal(columns), NOW_MS);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
  });

  test('leaves out columns before it cuts a name', () => {
    expect(formatImages([image(LONG)], plainTerminal(130), NOW_MS)[0]).toMatch(/PLATFORM.*CONFIRMED/);
    expect(formatImages([image(LONG)], plainTerminal(115), NOW_MS)[0]).toMatch(
      /PLATFORM +SIZE +PULLED +STATE/,
    );
    const narrow = formatImages([image(LONG)], plainTerminal(100), NOW_MS);
    expect(narrow[0]).toMatch(/IMAGE +SIZE +PULLED +STATE/);
    expect(narrow[1]).toContain(LONG);
    expect(formatImages([image(LONG)], plainTerminal(70), NOW_MS)[1]).toMatch(/^quay\.io.*….*x86_64 /);
  });
});
