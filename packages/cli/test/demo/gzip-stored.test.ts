import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { gzipStored } from '../../src/demo/gzip-stored.ts';

test.each([0, 1, 65_534, 65_535, 65_536, 200_000])(
  'gunzip gives back the %i bytes that were stored',
  (length) => {
    const bytes = randomBytes(length);
    expect(gunzipSync(gzipStored(bytes)).equals(bytes)).toBe(true);
  },
);
