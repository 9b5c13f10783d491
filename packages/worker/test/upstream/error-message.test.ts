import { expect, it } from 'vitest';
import { describeUrl, quote } from '../../src/upstream/error-message.ts';

it('a URL is shown without userinfo, query and fragment', () => {
  expect(describeUrl(new URL('https://user:pw@quay.io:8443/v2/a?X-Signature=s#f'))).toBe(
    'https://quay.io:8443/v2/a',
  );
});

it.each([
  ['a line', '"a line"'],
  ['two\r\nlines\u2028more', '"two lines more"'],
  ['\u001b[2Jclear \u202eleft', '"[2Jclear left"'],
  ['say "hi"', '"say \\"hi\\""'],
  ['x'.repeat(201), `"${'x'.repeat(200)}…"`],
  ['', '""'],
])('%j is quoted as %s', (text, quoted) => {
  expect(quote(text)).toBe(quoted);
});

it('secrets are blotted out before the text is cut', () => {
  expect(quote(`${'x'.repeat(195)}password`, ['password', ''])).toBe(`"${'x'.repeat(195)}***"`);
});
