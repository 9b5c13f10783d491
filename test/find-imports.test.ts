import { expect, test } from 'vitest';
import { findImports } from './support/source/find-imports.ts';
import { withoutComments } from './support/source/without-comments.ts';

test.each([
  ["import { a } from 'one';", 'one', 'value'],
  ["import a, { type B } from 'one';", 'one', 'value'],
  ["import * as a from 'one';", 'one', 'value'],
  ["import {\n  a,\n  b as c,\n} from 'one';", 'one', 'value'],
  ["import 'one';", 'one', 'value'],
  ["import type { A } from 'one';", 'one', 'type'],
  ["export { a } from 'one';", 'one', 'value'],
  ["export type { A } from 'one';", 'one', 'type'],
  ["const { a } = await import('one');", 'one', 'dynamic'],
  ["type A = typeof import('one');", 'one', 'type'],
])('%s', (code, specifier, kind) => {
  expect(findImports(code)).toEqual([{ specifier, kind }]);
});

test('a declaration that only begins like an import is none', () => {
  expect(findImports("export const a = 'one';\nexport type B = 'two';\nexport { c };\n")).toEqual([]);
});

test('an import in a comment is none', () => {
  const source = "// import { a } from 'one';\n/*\nimport { a } from 'two';\n*/\nimport { b } from 'three';";
  expect(findImports(withoutComments(source))).toEqual([{ specifier: 'three', kind: 'value' }]);
});

test('what looks like a comment in a string or a regular expression stays', () => {
  const source = "const url = 'https://a'; const path = /^\\/\\//; // gone\nconst b = `/* stays */`;";
  expect(withoutComments(source)).toBe(
    "const url = 'https://a'; const path = /^\\/\\//; \nconst b = `/* stays */`;",
  );
});
