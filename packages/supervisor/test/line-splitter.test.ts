import { expect, test } from 'vitest';
import { createLineSplitter } from '../src/line-splitter.ts';

test('lines stay whole wherever chunks are cut', () => {
  const text = 'one\ntwo\r\n\nfour\nrest';
  for (let cut = 0; cut <= text.length; cut += 1) {
    const splitter = createLineSplitter(100);
    const lines = [
      ...splitter.push(text.slice(0, cut)),
      ...splitter.push(text.slice(cut)),
      ...splitter.end(),
    ];
    expect(lines).toEqual(['one', 'two', '', 'four', 'rest']);
  }
});

test('a line that is too long is cut, and the next one is whole', () => {
  const splitter = createLineSplitter(5);
  expect(splitter.push('123')).toEqual([]);
  expect(splitter.push('4567')).toEqual([]);
  expect(splitter.push('89\nnext\n')).toEqual(['12345', 'next']);
  expect(splitter.end()).toEqual([]);
});
