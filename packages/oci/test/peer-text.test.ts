import { expect, it } from 'vitest';
import { quoteText } from '../src/peer-text.ts';

it.each([
  ['a line', '"a line"'],
  ['two\r\nlines\u2028more', '"two lines more"'],
  ['\u001b[2Jclear \u202eleft', '"[2Jclear left"'],
  ['say "hi"', '"say \\"hi\\""'],
  ['x'.repeat(201), `"${'x'.repeat(200)}…"`],
  ['', '""'],
])('%j is quoted as %s', (text, quoted) => {
  expect(quoteText(text)).toBe(quoted);
});

it('secrets are blotted out before the text is cut', () => {
  expect(quoteText(`${'x'.repeat(195)}password`, ['password', ''])).toBe(`"${'x'.repeat(195)}***"`);
});
