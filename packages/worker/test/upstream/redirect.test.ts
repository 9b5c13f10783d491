import type { CredentialEntry } from '@registry-cache/config';
import { describe, expect, it } from 'vitest';
import { text } from 'node:stream/consumers';
import { createCertificateAuthority } from '../../../../test/support/certificates.ts';
import { startLoopbackServer, type LoopbackServer } from './support/loopback-server.ts';
import { BLOB, DIGEST, LATEST, NAME, patiently, registryOf, upstreamErrorOf } from './support/registry-of.ts';

const credentials: CredentialEntry[] = [
  { repositoryPrefix: '', credential: { kind: 'registry-token', token: 'secret' } },
];

function startRedirecting(location: string | undefined, status = 307): Promise<LoopbackServer> {
  return startLoopbackServer((response, { path }) => {
    if (path === '/elsewhere') response.end(BLOB);
    else response.writeHead(status, location === undefined ? {} : { location }).end();
  });
}

describe('redirects', () => {
  it.each([301, 302, 303, 307, 308])('%i to another origin leaves the credential behind', async (status) => {
    const storage = await startLoopbackServer((response) => response.end(BLOB));
    const upstream = await startRedirecting(`${storage.origin}/signed?X-Signature=s`, status);
    const blob = await registryOf(upstream.origin, { credentials }).blobGet(NAME, DIGEST, patiently());
    expect(blob && (await text(blob.body))).toBe(BLOB.toString());
    expect(upstream.requests[0]?.headers.authorization).toBe('Bearer secret');
    expect(storage.requests).toHaveLength(1);
    expect(storage.requests[0]).toMatchObject({ method: 'GET', target: '/signed?X-Signature=s' });
    expect(storage.requests[0]?.headers).not.toHaveProperty('authorization');
    expect(storage.requests[0]?.headers).toMatchObject({ 'accept-encoding': 'identity' });
  });

  it('a HEAD stays a HEAD', async () => {
    const storage = await startLoopbackServer((response) =>
      response.writeHead(200, { 'content-length': BLOB.byteLength }).end(),
    );
    const upstream = await startRedirecting(`${storage.origin}/signed`);
    const head = await registryOf(upstream.origin, { credentials }).blobHead(NAME, DIGEST, patiently());
    expect(head).toEqual({ sizeBytes: BLOB.byteLength });
    expect(storage.requests.map(({ method }) => method)).toEqual(['HEAD']);
  });

  it('a relative location of the same origin keeps the credential', async () => {
    const upstream = await startRedirecting('/elsewhere');
    await registryOf(upstream.origin, { credentials }).manifestGet(NAME, LATEST, patiently());
    expect(upstream.requestsTo('/elsewhere')[0]?.headers.authorization).toBe('Bearer secret');
  });

  it('the same host under another name is another origin', async () => {
    const upstream: LoopbackServer = await startLoopbackServer((response, { path, headers }) => {
      if (path === '/elsewhere') response.end(BLOB);
      else
        response
          .writeHead(307, { location: `http://localhost:${headers.host?.split(':')[1]}/elsewhere` })
          .end();
    });
    await registryOf(upstream.origin, { credentials }).manifestGet(NAME, LATEST, patiently());
    expect(upstream.requestsTo('/elsewhere')[0]?.headers).not.toHaveProperty('authorization');
  });

  it('the credential does not come back with a redirect back', async () => {
    const upstream: LoopbackServer = await startLoopbackServer((response, { path }) => {
      if (path === '/elsewhere') response.end(BLOB);
      else response.writeHead(307, { location: storage.origin }).end();
    });
    const storage = await startRedirecting(`${upstream.origin}/elsewhere`);
    await registryOf(upstream.origin, { credentials }).manifestGet(NAME, LATEST, patiently());
    expect(upstream.requestsTo('/elsewhere')[0]?.headers).not.toHaveProperty('authorization');
  });

  it('a 401 from another origin is no challenge', async () => {
    const storage = await startLoopbackServer((response, { headers }) => {
      const realm = `http://${headers.host ?? ''}/token`;
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}", Basic realm="r"` }).end();
    });
    const upstream = await startRedirecting(`${storage.origin}/signed`);
    const error = await upstreamErrorOf(
      registryOf(upstream.origin, {
        credentials: [{ repositoryPrefix: '', credential: { kind: 'basic', username: 'u', password: 'p' } }],
      }).blobGet(NAME, DIGEST, patiently()),
    );
    expect(error.code).toBe('denied');
    expect(storage.requests).toHaveLength(1);
  });

  it('a circle ends after five', async () => {
    const upstream = await startRedirecting('/again');
    const error = await upstreamErrorOf(registryOf(upstream.origin).manifestGet(NAME, LATEST, patiently()));
    expect(error).toMatchObject({ code: 'invalid' });
    expect(upstream.requests).toHaveLength(6);
  });

  it.each([
    ['without a location', undefined],
    ['with a malformed location', 'http://'],
    ['to a file', 'file:///etc/passwd'],
  ])('a redirect %s is invalid', async (_, location) => {
    const upstream = await startRedirecting(location);
    const error = await upstreamErrorOf(registryOf(upstream.origin).manifestGet(NAME, LATEST, patiently()));
    expect(error.code).toBe('invalid');
  });

  it('from https to http is refused', async () => {
    const ca = await createCertificateAuthority();
    const storage = await startLoopbackServer((response) => response.end(BLOB));
    const upstream = await startLoopbackServer(
      (response) => response.writeHead(307, { location: `${storage.origin}/blob?sig=s` }).end(),
      await ca.issue(),
    );
    const error = await upstreamErrorOf(
      registryOf(upstream.origin, { cas: [ca.certificate] }).blobGet(NAME, DIGEST, patiently()),
    );
    expect(error.code).toBe('invalid');
    expect(storage.requests).toEqual([]);
  });

  it('a signature shows in no message', async () => {
    const storage = await startLoopbackServer((response) =>
      response
        .writeHead(403, { 'content-type': 'application/xml' })
        .end('<StringToSign>s3cret</StringToSign>'),
    );
    const upstream = await startRedirecting(`${storage.origin}/blob?X-Signature=s3cret`);
    const error = await upstreamErrorOf(registryOf(upstream.origin).blobGet(NAME, DIGEST, patiently()));
    expect(error).toMatchObject({ code: 'denied', status: 403 });
    expect(error.message).toContain(`${storage.origin}/blob answered 403`);
    expect(error.message).not.toContain('s3cret');
  });
});
