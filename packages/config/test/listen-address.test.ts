import { expect, test } from 'vitest';
import { InvalidValueError } from '../src/config-error.ts';
import { parseListenAddress } from '../src/listen-address.ts';

test.each([
  [':5000', { host: '', port: 5000 }],
  ['0.0.0.0:443', { host: '0.0.0.0', port: 443 }],
  ['localhost:0', { host: 'localhost', port: 0 }],
  ['[::]:8443', { host: '::', port: 8443 }],
  ['[::1]:8443', { host: '::1', port: 8443 }],
])('%j', (text, address) => {
  expect(parseListenAddress(text)).toEqual(address);
});

test.each(['', '5000', ':', ':65536', '::1:8443', '[localhost]:80', 'http://localhost:80', 'a b:80', ':80x'])(
  '%j is refused',
  (text) => {
    expect(() => parseListenAddress(text)).toThrow(InvalidValueError);
  },
);
