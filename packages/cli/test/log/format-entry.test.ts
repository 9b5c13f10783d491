import { describe, expect, test } from 'vitest';
import { findEntry } from '../../src/log/entry.ts';
import { formatEntry } from '../../src/log/format-entry.ts';
import { pipe } from '../support/plain-terminal.ts';

function format(line: object): string[] {
  const entry = findEntry(JSON.stringify({ level: 'info', time: '2026-05-04T12:00:00.000Z', ...line }));
  if (entry === undefined) throw new TypeError('expected an entry');
  return formatEntry(entry, pipe());
}

describe('a line of the log', () => {
  test('tells when, how serious, who and what, and then the rest', () => {
    const [line] = format({
      process: 'worker',
      upstream: 'quay.io',
      digest: 'sha256:01',
      bytes: 12,
      msg: 'filled',
    });
    expect(line).toMatch(
      /^2026-05-0[345] \d\d:\d\d:00\.000 {2}info {3}worker quay\.io {2}filled {2}digest=sha256:01 bytes=12$/,
    );
  });

  test('has values with blanks in quotation marks', () => {
    expect(format({ msg: 'm', reason: 'not there', list: [1, 2] })[0]).toMatch(
      / reason="not there" list=\[1,2\]$/,
    );
  });

  test('tells of an error below', () => {
    const err = { message: 'connect failed: refused', code: 'ECONNREFUSED', stack: 'at …' };
    expect(format({ msg: 'm', err }).slice(1)).toEqual(['    connect failed: refused (ECONNREFUSED)']);
  });

  test('moves no cursor, whatever a stranger sent', () => {
    const lines = format({ msg: 'a\u001b[2Jb', name: 'x\r\ny', err: { message: '\u009b1A' } });
    expect(lines.join('')).not.toMatch(/\p{Cc}/u);
  });

  test.each([['not JSON'], ['{"half":'], ['{"msg":"without level"}'], ['[1]'], ['']])(
    'that is none is left as it is: %s',
    (line) => {
      expect(findEntry(line)).toBeUndefined();
    },
  );
});
