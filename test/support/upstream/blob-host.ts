import { createHmac, randomUUID } from 'node:crypto';
import type { Content } from '../image/content.ts';
import { errorAnswer, type Answer } from './answer.ts';
import { blobAnswer } from './registry-answers.ts';
import { startTestServer, type TestServer, type TestServerOptions } from './test-server.ts';

/** The host that a registry redirects to for blobs, as S3 behind quay.io: each URL is signed and expires. */
export interface BlobHost {
  readonly server: TestServer;
  redirect(blob: Content, ttlSeconds: number): Answer;
}

export async function startBlobHost(tls: TestServerOptions['tls']): Promise<BlobHost> {
  const blobs = new Map<string, Content>();
  const secret = randomUUID();
  const sign = (path: string, expires: string): string =>
    createHmac('sha256', secret).update(`${path} ${expires}`).digest('hex');

  // Another address is another host: what a client knows of the registry must not go there.
  const options = { host: '127.0.0.2', ...(tls === undefined ? {} : { tls }) };
  const server = await startTestServer(options, (request) => {
    const expires = request.query.get('expires') ?? '';
    if (request.headers['authorization'] !== undefined) {
      return errorAnswer(400, 'UNSUPPORTED', 'only one way of authentication is allowed');
    }
    if (request.query.get('signature') !== sign(request.path, expires) || Number(expires) < Date.now()) {
      return errorAnswer(403, 'DENIED', 'the signature does not match or has expired');
    }
    const blob = blobs.get(request.path);
    return blob === undefined
      ? errorAnswer(404, 'BLOB_UNKNOWN', 'no such object')
      : blobAnswer(blob, request);
  });
  return {
    server,
    redirect(blob, ttlSeconds) {
      const path = `/objects/${blob.digest}`;
      const expires = String(Date.now() + ttlSeconds * 1000);
      blobs.set(path, blob);
      const location = `${server.origin}${path}?expires=${expires}&signature=${sign(path, expires)}`;
      return { status: 307, headers: { location, 'content-length': '0' }, body: [] };
    },
  };
}
