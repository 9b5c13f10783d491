import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeyPair } from '../certificates.ts';

/** `auths` of a pull secret. */
export type Auths = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The files of one cache, all below one temporary folder. */
export interface CacheFolder {
  readonly root: string;
  readonly data: string;
  readonly run: string;
  readonly configFile: string;
  readonly pullSecretFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly caFile: string;
  readonly htpasswdFile: string;
  /** JSON, which is YAML too. */
  writeConfig(config: object): Promise<void>;
  writePullSecret(auths: Auths): Promise<void>;
  writeBadPullSecret(text: string): Promise<void>;
  writeCertificate(pair: KeyPair): Promise<void>;
  writeHtpasswd(text: string): Promise<void>;
  remove(): Promise<void>;
}

export async function createCacheFolder(caCertificate: string): Promise<CacheFolder> {
  // Sockets lie below it, and a socket's path has at most 107 bytes.
  const root = await mkdtemp(join(tmpdir(), 'registry-cache-'));
  const paths = {
    root,
    data: join(root, 'data'),
    run: join(root, 'run'),
    configFile: join(root, 'etc/config.yml'),
    pullSecretFile: join(root, 'etc/pull-secret.json'),
    certificateFile: join(root, 'certs/domain.crt'),
    keyFile: join(root, 'certs/domain.key'),
    caFile: join(root, 'ca.pem'),
    htpasswdFile: join(root, 'auth/htpasswd'),
  };
  for (const folder of ['data', 'run', 'etc', 'certs', 'auth'])
    await mkdir(join(root, folder), { mode: 0o700 });
  await writeFile(paths.caFile, caCertificate);
  return {
    ...paths,
    writeConfig: (config) => replaceFile(paths.configFile, JSON.stringify(config, undefined, 2)),
    writePullSecret: (auths) => replaceFile(paths.pullSecretFile, JSON.stringify({ auths }, undefined, 2)),
    writeBadPullSecret: (text) => replaceFile(paths.pullSecretFile, text),
    writeCertificate: async ({ certificate, key }) => {
      await replaceFile(paths.keyFile, key);
      await replaceFile(paths.certificateFile, certificate);
    },
    writeHtpasswd: (text) => replaceFile(paths.htpasswdFile, text),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** As editors and `kubectl` do: a reader finds the old text or the new one. */
async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}
