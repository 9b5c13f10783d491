import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCertificateAuthority } from '../../support/certificates.ts';
import { writeImageLayout, type ImageLayout } from './image-layout.ts';
import { openBridge } from './running-container.ts';
import { startBasicUpstream, startTokenUpstream, type TlsFiles, type Upstream } from './upstream.ts';

/** Two origins with TLS and accounts, and what an operator of a content cache prepares. */
export interface ContentCacheScene {
  readonly root: string;
  /** Manifests and blobs only for tokens of its token server. */
  readonly tokenOrigin: Upstream;
  /** The same for passwords of its htpasswd. */
  readonly passwordOrigin: Upstream;
  /** `org/image:v1` at both. */
  readonly image: ImageLayout;
  /** `cache.cert.pem`, `cache.key.pem` and `dtr.cert.pem`, of root and readable by nobody else. */
  readonly secretsFolder: string;
  /** As containers/image reads `certs.d`. */
  readonly clientCertFolder: string;
  /** PEM text that clients trust. */
  readonly ca: string;
  close(): Promise<void>;
}

const LAYER_SIZES_BYTES = [10, 200_000, 3_000_000];

export async function setContentCacheScene(): Promise<ContentCacheScene> {
  const bridge = await openBridge();
  const host = bridge.address;
  const root = await mkdtemp(join(tmpdir(), 'registry-cache-e2e-'));
  const authority = await createCertificateAuthority();
  const [secretsFolder, clientCertFolder] = [join(root, 'secrets'), join(root, 'client-certs')];
  for (const folder of [secretsFolder, clientCertFolder]) await mkdir(folder);

  const cache = await authority.issue();
  await writeSecret(join(secretsFolder, 'cache.cert.pem'), cache.certificate);
  await writeSecret(join(secretsFolder, 'cache.key.pem'), cache.key);
  await writeSecret(join(secretsFolder, 'dtr.cert.pem'), authority.certificate);
  await writeFile(join(clientCertFolder, 'ca.crt'), authority.certificate);

  const origin = await authority.issue({ names: [host] });
  const tls: TlsFiles = {
    certificateFile: join(root, 'origin.cert.pem'),
    keyFile: join(root, 'origin.key.pem'),
    ca: authority.certificate,
  };
  await writeFile(tls.certificateFile, origin.certificate);
  await writeFile(tls.keyFile, origin.key);
  const tokenOrigin = await startTokenUpstream({ host, folder: join(root, 'token-origin'), tls });
  const passwordOrigin = await startBasicUpstream({ host, folder: join(root, 'password-origin'), tls });
  const image = await writeImageLayout(join(root, 'image'), LAYER_SIZES_BYTES);
  for (const each of [tokenOrigin, passwordOrigin]) await each.push(image, 'org/image:v1');

  return {
    root,
    tokenOrigin,
    passwordOrigin,
    image,
    secretsFolder,
    clientCertFolder,
    ca: authority.certificate,
    close: async () => {
      await Promise.all([tokenOrigin.close(), passwordOrigin.close(), bridge.close()]);
      await rm(root, { recursive: true });
    },
  };
}

async function writeSecret(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o400 });
}
