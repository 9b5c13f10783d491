import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startInBackground, type BackgroundProcess } from './background-process.ts';
import { findFreePort } from '../../support/free-port.ts';
import { answers } from './http-get.ts';
import type { ImageLayout } from './image-layout.ts';
import { run } from './run.ts';
import { startTokenServer, type Account } from './token-server.ts';

/** A real registry that stands for a public one. */
export interface Upstream {
  readonly url: string;
  readonly address: string;
  readonly username: string;
  readonly password: string;
  push(image: ImageLayout, repositoryAndTag: string): Promise<void>;
  /** How many GETs of blobs it has answered since it was first started. */
  blobGets(): Promise<number>;
  /** Ends the registry; what it holds stays. */
  stop(): Promise<void>;
  /** Starts it again under the same address. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface UpstreamOptions {
  /** An address that both this machine and the cache can reach. */
  readonly host: string;
  readonly folder: string;
  /** Plain HTTP unless given. */
  readonly tls?: TlsFiles;
}

export interface TlsFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** PEM text of what clients must trust. */
  readonly ca: string;
}

// A password with a colon and one with more than ASCII: both are cut by careless parsers.
const BASIC_USER = { username: 'quay-user', password: 'pass:with:colons' };
const TOKEN_USER = { username: 'hub-user', password: 'pässwörd' };

/** Debian's docker-registry 2.8 with htpasswd. */
export async function startBasicUpstream(options: UpstreamOptions): Promise<Upstream> {
  await mkdir(options.folder, { recursive: true });
  const htpasswd = join(options.folder, 'htpasswd');
  await run('htpasswd', ['-bBc', htpasswd, BASIC_USER.username, BASIC_USER.password]);
  const auth = { htpasswd: { realm: 'upstream', path: htpasswd } };
  return startUpstream('docker-registry', options, BASIC_USER, auth, async () => {});
}

export interface TokenUpstreamOptions extends UpstreamOptions {
  /** Besides the one that pushes. */
  readonly accounts?: readonly Account[];
}

export interface TokenUpstream extends Upstream {
  /** Each `Authorization` that its token server did not know. */
  readonly refusedLogins: readonly string[];
}

/** distribution v3 with token authentication. */
export async function startTokenUpstream(options: TokenUpstreamOptions): Promise<TokenUpstream> {
  await mkdir(options.folder, { recursive: true });
  const accounts = [TOKEN_USER, ...(options.accounts ?? [])];
  const tokens = await startTokenServer({
    host: options.host,
    accounts,
    ...(options.tls === undefined ? {} : { tls: options.tls }),
  });
  const jwks = join(options.folder, 'jwks.json');
  await writeFile(jwks, JSON.stringify(tokens.keySet));
  const auth = { token: { realm: tokens.realm, service: 'upstream', issuer: tokens.issuer, jwks } };
  const upstream = await startUpstream('registry', options, TOKEN_USER, auth, () => tokens.close());
  return { ...upstream, refusedLogins: tokens.refused };
}

async function startUpstream(
  command: string,
  options: UpstreamOptions,
  user: { readonly username: string; readonly password: string },
  auth: unknown,
  closeTokens: () => Promise<void>,
): Promise<Upstream> {
  const address = `${options.host}:${String(await findFreePort())}`;
  const { tls } = options;
  const url = `${tls === undefined ? 'http' : 'https'}://${address}`;
  const config = join(options.folder, 'config.yml');
  // JSON is YAML.
  await writeFile(
    config,
    JSON.stringify({
      version: 0.1,
      storage: { filesystem: { rootdirectory: join(options.folder, 'data') } },
      http: {
        addr: address,
        secret: 'e2e',
        tls: tls && { certificate: tls.certificateFile, key: tls.keyFile },
      },
      auth,
    }),
  );
  const start = (): Promise<BackgroundProcess> =>
    startInBackground({
      command,
      args: ['serve', config],
      outputPath: join(options.folder, 'output.log'),
      env: { OTEL_TRACES_EXPORTER: 'none' },
      isReady: () => answers(`${url}/v2/`, [401], tls && { ca: tls.ca }),
    });

  let server = await start();
  return {
    url,
    address,
    ...user,
    push: async (image, repositoryAndTag) => {
      const credentials = `${user.username}:${user.password}`;
      const args = [
        '--preserve-digests',
        '--dest-tls-verify=false',
        '--dest-creds',
        credentials,
        image.transport,
      ];
      await run('skopeo', ['copy', ...args, `docker://${address}/${repositoryAndTag}`]);
    },
    blobGets: async () =>
      [...(await server.output()).matchAll(/"GET \/v2\/[^" ]*\/blobs\/[^" ]* HTTP/gu)].length,
    stop: async () => {
      await server.stop();
    },
    restart: async () => {
      server = await start();
    },
    close: async () => {
      await server.stop();
      await closeTokens();
    },
  };
}
