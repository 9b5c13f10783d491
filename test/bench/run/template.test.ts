import { expect, test } from 'vitest';
import { fillTemplate } from './template.ts';

test('placeholders are filled in', () => {
  expect(fillTemplate('listen @HOST@:@PORT@;', { HOST: 'localhost', PORT: 80 })).toBe('listen localhost:80;');
});

test('lines of each item come once for each, with values of their own before common ones', () => {
  const template = [
    'head',
    '  # @each@ server',
    '  server @NAME@ @PORT@',
    '  # @end@',
    'foot @NAME@',
    '',
  ].join('\n');
  const values = { NAME: 'common', PORT: 80 };
  expect(fillTemplate(template, values, [{ NAME: 'a' }, { NAME: 'b', PORT: 81 }])).toBe(
    'head\n  server a 80\n  server b 81\nfoot common\n',
  );
});

test('a placeholder without a value is an error', () => {
  expect(() => fillTemplate('@PORT@', {})).toThrow('@PORT@ has no value');
});
