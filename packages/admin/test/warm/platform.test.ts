import { digestOf } from '@registry-cache/oci';
import { expect, test } from 'vitest';
import { parsePlatform, wantedManifests } from '../../src/warm/platform.ts';

function wanted(platforms: readonly (object | undefined)[], asked: readonly string[] | undefined): number[] {
  const digests = platforms.map((_, index) => digestOf(Buffer.from(String(index))));
  const manifests = platforms.map((platform, index) => ({ digest: digests[index], platform }));
  const index = Buffer.from(JSON.stringify({ manifests }));
  return wantedManifests(index, asked?.map(parsePlatform)).map((digest) => digests.indexOf(digest));
}

const INDEX = [
  { os: 'linux', architecture: 'amd64' },
  { os: 'linux', architecture: 'arm', variant: 'v6' },
  { os: 'linux', architecture: 'arm', variant: 'v7' },
  { os: 'linux', architecture: 'arm64', variant: 'v8' },
  { os: 'windows', architecture: 'amd64', 'os.version': '10.0' },
  { os: 'unknown', architecture: 'unknown' },
  undefined,
];

test.each([
  [['linux/amd64'], [0, 6]],
  [['linux/arm'], [1, 2, 6]],
  [['linux/arm/v7'], [2, 6]],
  [['linux/arm64'], [3, 6]],
  [
    ['linux/arm64/v8', 'windows/amd64'],
    [3, 4, 6],
  ],
  [undefined, [0, 1, 2, 3, 4, 5, 6]],
])('%s of an index', (asked, expected) => {
  expect(wanted(INDEX, asked)).toEqual(expected);
});

test('a platform without a variant has the usual one', () => {
  expect(wanted([{ os: 'linux', architecture: 'arm64' }], ['linux/arm64/v8'])).toEqual([0]);
  expect(wanted([{ os: 'linux', architecture: 'arm' }, undefined], ['linux/arm/v6'])).toEqual([1]);
});

test('what makes no sense of a platform is passed over', () => {
  expect(wanted([{ os: 7 }], ['linux/amd64'])).toEqual([0]);
});

test.each(['linux', '', 'linux/', '/amd64', 'linux/arm/v7/x', 'linux amd64'])('%j is no platform', (text) => {
  expect(() => parsePlatform(text)).toThrow(/is no platform: expected one such as linux\/amd64/);
});
