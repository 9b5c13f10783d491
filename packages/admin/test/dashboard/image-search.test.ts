import { expect, test } from 'vitest';
import { nameOf } from '../../src/dashboard/image-name.ts';
import { nextToGo, parseImageSearch, searchImages } from '../../src/dashboard/image-search.ts';
import { listedImage } from './support/content.ts';

const IMAGES = [
  listedImage('docker.io/library/alpine:3.20', { storedBytes: 5, pulledAtMs: 300 }),
  listedImage('quay.io/org/app:1.0', { storedBytes: 20, pulledAtMs: 100, isPinned: true }),
  listedImage('quay.io/org/app:2.0', { storedBytes: 10, pulledAtMs: 200, state: 'partial' }),
  listedImage('quay.io/org/gone:1.0', { storedBytes: 0, pulledAtMs: undefined, state: 'evicted' }),
];

const find = (query: string): string[] =>
  searchImages(IMAGES, parseImageSearch(new URLSearchParams(query))).images.map(nameOf);

test('all words must occur, in any order and case', () => {
  expect(find('q=APP+quay')).toEqual(['quay.io/org/app:1.0', 'quay.io/org/app:2.0']);
  expect(find('q=app+:2')).toEqual(['quay.io/org/app:2.0']);
  expect(find('q=nothing')).toEqual([]);
});

test('pinned and incomplete ones can be shown alone', () => {
  expect(find('show=pinned')).toEqual(['quay.io/org/app:1.0']);
  expect(find('show=incomplete')).toEqual(['quay.io/org/app:2.0', 'quay.io/org/gone:1.0']);
});

test('they are sorted by name, size, or last pull', () => {
  expect(find('')[0]).toBe('docker.io/library/alpine:3.20');
  expect(find('sort=size')[0]).toBe('quay.io/org/app:1.0');
  expect(find('sort=pulled')[0]).toBe('docker.io/library/alpine:3.20');
  expect(find('sort=oldest')[0]).toBe('quay.io/org/app:1.0');
});

test('the order of the list that was given stays as it was', () => {
  const before = [...IMAGES];
  find('sort=size');
  expect(IMAGES).toEqual(before);
});

test.each([['page=0'], ['page=-1'], ['page=x'], ['page=1e99'], ['sort=evil'], ['show=x']])(
  '%s makes no sense and is taken as left out',
  (query) => expect(find(query)).toEqual(find('')),
);

test('what is pinned, or is no longer there, does not go next', () => {
  expect(nextToGo(IMAGES, 5).map(nameOf)).toEqual(['quay.io/org/app:2.0', 'docker.io/library/alpine:3.20']);
});
