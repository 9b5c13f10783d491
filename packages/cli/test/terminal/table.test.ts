import { expect, test } from 'vitest';
import { formatTable, type Column } from '../../src/terminal/table.ts';

const COLUMNS: readonly Column[] = [
  { title: 'name', align: 'left' },
  { title: 'size', align: 'right' },
];

test('a column is as wide as its widest cell, and numbers stand on the right', () => {
  expect(
    formatTable(COLUMNS, [
      ['a', '12.0 MiB'],
      ['longer', '1 B'],
    ]),
  ).toEqual(['name        size', 'a       12.0 MiB', 'longer       1 B']);
});

test('colours take no room', () => {
  const [title, row] = formatTable(COLUMNS, [['\u001b[32mhit\u001b[39m', '1 B']]);
  expect(title).toBe('name  size');
  expect(row).toBe('\u001b[32mhit\u001b[39m    1 B');
});

test('a table without rows has its titles', () => {
  expect(formatTable(COLUMNS, [])).toEqual(['name  size']);
});

test('a column that shrinks loses its middle where a line is too long, and only then', () => {
  const columns: readonly Column[] = [{ title: 'image', align: 'left', shrinks: true }, ...COLUMNS.slice(1)];
  const rows = [['quay.io/organisation/application:1.0', '1 B']];
  expect(formatTable(columns, rows, 42)[1]).toBe('quay.io/organisation/application:1.0   1 B');
  expect(formatTable(columns, rows, 30)[1]).toBe('quay.io/orga…ication:1.0   1 B');
});
