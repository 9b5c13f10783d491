import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { endpointsOf, networkOf, peerAddress } from '../src/peer-address.ts';

test.each([
  ['::ffff:10.1.2.3', '10.1.2.3'],
  ['10.1.2.3', '10.1.2.3'],
  ['::1', '::1'],
  ['::ffff:abcd', '::ffff:abcd'],
])('%s is written %s', (remoteAddress, expected) => {
  expect(peerAddress({ remoteAddress })).toBe(expected);
});

test('a closed connection has no address', () => {
  expect(peerAddress(new Socket())).toBe('');
  expect(endpointsOf(new Socket())).toEqual({ peer: ':', own: ':' });
});

test.each([
  ['10.1.2.3', '10.1.2.3'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
  ['2001:0DB8:0:0:1::', '2001:db8:0:0::/64'],
  ['2001:db8::6', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['', ''],
])('%s belongs to %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
