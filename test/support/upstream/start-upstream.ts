import { parseRegistryPath, RegistryError } from '@registry-cache/oci';
import type { KeyPair } from '../certificates.ts';
import { createAuthenticator, type UpstreamAuthentication } from './authentication.ts';
import { errorAnswer, type Answer, type ServerRequest } from './answer.ts';
import { startBlobHost, type BlobHost } from './blob-host.ts';
import { answerRegistry } from './registry-answers.ts';
import { createRepositories, type Repositories } from './repositories.ts';
import type { RecordedRequest } from './recorded-request.ts';
import { startTestServer, type TestServer } from './test-server.ts';

export interface UpstreamOptions {
  /** Plain HTTP where left out. */
  readonly tls?: KeyPair;
  /** `none` unless told. */
  readonly authentication?: UpstreamAuthentication;
  /** Blobs are at another host, under URLs that are good for so long. */
  readonly redirectBlobs?: { readonly ttlSeconds: number };
}

/** A registry for a cache to pull through: it does everything right until told to misbehave. */
export interface Upstream extends TestServer, Repositories {
  /** Where redirects of blobs lead, where there are any. */
  readonly blobHost: TestServer | undefined;
  /** From now on, clients are recognised by these; tokens issued before are void. */
  authenticateBy(authentication: UpstreamAuthentication): void;
  blobRequests(digest?: string): RecordedRequest[];
  manifestRequests(): RecordedRequest[];
}

export async function startUpstream(options: UpstreamOptions = {}): Promise<Upstream> {
  const repositories = createRepositories();
  const blobHost = options.redirectBlobs && (await startBlobHost(options.tls));
  let authenticator = createAuthenticator(options.authentication ?? { kind: 'none' });

  const tls = options.tls === undefined ? {} : { tls: options.tls };
  const server = await startTestServer(tls, (request): Answer => {
    try {
      const answer = authenticator.answer(request, server.origin) ?? answerRegistry(repositories, request);
      const ttlSeconds = options.redirectBlobs?.ttlSeconds ?? 0;
      return redirected(answer, request, repositories, blobHost, ttlSeconds);
    } catch (err) {
      if (err instanceof RegistryError) return errorAnswer(404, err.code, err.message);
      throw err;
    }
  });
  return {
    ...server,
    ...repositories,
    blobHost: blobHost?.server,
    authenticateBy: (authentication) => void (authenticator = createAuthenticator(authentication)),
    blobRequests: (digest = '') => server.requestsTo({ path: new RegExp(`/blobs/${digest}`) }),
    manifestRequests: () => server.requestsTo({ path: /\/manifests\// }),
    close: async () => {
      await server.close();
      await blobHost?.server.close();
    },
  };
}

/** The redirect in the place of a blob that would have been served here. */
function redirected(
  answer: Answer,
  request: ServerRequest,
  repositories: Repositories,
  blobHost: BlobHost | undefined,
  ttlSeconds: number,
): Answer {
  if (blobHost === undefined || answer.status >= 300 || !request.path.includes('/blobs/')) return answer;
  const endpoint = parseRegistryPath(request.path);
  const blob = endpoint.kind === 'blob' && repositories.find(endpoint.name)?.blobs.get(endpoint.digest);
  return blob ? blobHost.redirect(blob, ttlSeconds) : answer;
}
