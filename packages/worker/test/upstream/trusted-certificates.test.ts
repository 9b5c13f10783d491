import { once } from 'node:events';
import { connect } from 'node:tls';
import { expect, it } from 'vitest';
import { createCertificateAuthority } from '../../../../test/support/certificates.ts';
import { trustBesides } from '../../src/upstream/trusted-certificates.ts';
import { startLoopbackServer } from './support/loopback-server.ts';

it('adds nothing where there is nothing to add', () => {
  expect(trustBesides([])).toBeUndefined();
});

it.each(['one', 'other'])('trusts the %s of two certificate authorities', async (which) => {
  const cas = {
    one: await createCertificateAuthority('one'),
    other: await createCertificateAuthority('other'),
  };
  const ca = which === 'one' ? cas.one : cas.other;
  const server = await startLoopbackServer((response) => response.end(), await ca.issue());
  const secureContext = trustBesides([cas.one.certificate, cas.other.certificate]);
  const socket = connect({ port: server.port, host: '127.0.0.1', secureContext });
  await once(socket, 'secureConnect');
  expect(socket.authorized).toBe(true);
  socket.destroy();
});
