import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { startCache } from '../support/cache/start-cache.ts';
import { createCertificateAuthority, expired } from '../support/certificates.ts';
import { pullImage } from '../support/client/pull-image.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { addColdImage } from '../support/image/cold-image.ts';
import { startUpstream } from '../support/upstream/start-upstream.ts';

const closeLater = closeAfterAll();
const ca = await createCertificateAuthority();
const foreignCa = await createCertificateAuthority('an authority that nobody trusts');
const good = closeLater(await startUpstream({ tls: await ca.issue() }));
const outdated = closeLater(await startUpstream({ tls: await ca.issue(expired()) }));
const misnamed = closeLater(
  await startUpstream({ tls: await ca.issue({ names: ['registry.example.com'] }) }),
);
const untrusted = closeLater(await startUpstream({ tls: await foreignCa.issue() }));
const plain = closeLater(await startUpstream());
const cache = closeLater(
  await startCache({
    ca,
    upstreams: {
      'good.example.com': { url: good.origin },
      'expired.example.com': { url: outdated.origin },
      'misnamed.example.com': { url: misnamed.origin },
      'untrusted.example.com': { url: untrusted.origin },
      'plain.example.com': { url: plain.origin },
    },
  }),
);
const client = cache.client();

test('a client that speaks plain HTTP gets a 400 that says so', async () => {
  const sent = request({ host: '127.0.0.1', port: cache.port, path: '/v2/' }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  expect(response.statusCode).toBe(400);
  expect(await text(response)).toMatch(/https/i);
});

test('clients with TLS are served as before', async () => {
  expect((await client.get('/v2/')).status).toBe(200);
});

test('an upstream whose certificate is of its own authority is trusted through cas', async () => {
  const image = addColdImage(good, 'tls', { upstreamName: 'good.example.com' });
  await expect(pullImage(client, image.name, 'v1')).resolves.toBeDefined();
});

test('an upstream may have no TLS where its URL says so', async () => {
  const image = addColdImage(plain, 'no-tls', { upstreamName: 'plain.example.com' });
  await expect(pullImage(client, image.name, 'v1')).resolves.toBeDefined();
});

test.each([
  ['has expired', 'expired.example.com', /expired/i],
  ['is of another name', 'misnamed.example.com', /altname|hostname|name/i],
  ['is of an authority that is not trusted', 'untrusted.example.com', /self.signed|unable to|issuer|verify/i],
])('an upstream whose certificate %s is refused, and the log says why', async (_, upstreamName, reason) => {
  const { status } = await client.get(`/v2/${upstreamName}/org/image/manifests/v1`);
  expect(status).toBeGreaterThanOrEqual(500);
  // The answer may be here before the line is.
  await eventually('the log says why', () => {
    const lines = cache.log.lines.map((line) => JSON.stringify(line));
    return lines.some((line) => line.includes(upstreamName) && reason.test(line));
  });
});
