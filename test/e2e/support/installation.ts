import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './run.ts';
import type { Upstream } from './upstream.ts';

/** What an operator prepares on the host before the cache is started: the folders `auth`, `certs` and `data`, and the pull secret. */
export interface Installation {
  readonly root: string;
  readonly configFile: string;
  readonly pullSecretFile: string;
  /** `ca.crt` in it is what clients must trust, laid out as containers/image reads `certs.d`. */
  readonly clientCertFolder: string;
  /** PEM text of the same. */
  readonly ca: string;
  readonly username: string;
  readonly password: string;
}

export interface InstallationOptions {
  readonly root: string;
  readonly upstreams: Readonly<Record<string, Upstream>>;
}

const CLIENT = { username: 'registryuser', password: 'registryuserpassword' };

/** Follows the steps of the README's "Deployment", with config.yml saying where the stand-ins of public registries are. */
export async function prepareInstallation(options: InstallationOptions): Promise<Installation> {
  const { root, upstreams } = options;
  const auth = join(root, 'auth');
  const certs = join(root, 'certs');
  const client = join(root, 'client-certs');
  for (const folder of [auth, certs, client, join(root, 'data')]) await mkdir(folder, { recursive: true });

  await run('htpasswd', ['-bBc', join(auth, 'htpasswd'), CLIENT.username, CLIENT.password]);
  const ca = await makeCertificate(certs);
  await writeFile(join(client, 'ca.crt'), ca);

  const pullSecretFile = join(root, 'pull-secret.json');
  await writeFile(pullSecretFile, JSON.stringify({ auths: mapValues(upstreams, authOf) }), { mode: 0o600 });
  const configFile = join(root, 'config.yml');
  const config = { version: 0.1, upstreams: mapValues(upstreams, ({ url }) => ({ url, tagttl: '0s' })) };
  await writeFile(configFile, JSON.stringify(config));

  return { root, configFile, pullSecretFile, clientCertFolder: client, ca, ...CLIENT };
}

async function makeCertificate(folder: string): Promise<string> {
  const [key, certificate] = [join(folder, 'domain.key'), join(folder, 'domain.crt')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const kind = ['-newkey', 'rsa:2048', '-nodes', '-sha256', '-x509', '-days', '365'];
  await run('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', certificate]);
  const pem = await readFile(certificate, 'utf8');
  await writeFile(join(folder, 'certs.pem'), pem + (await readFile(key, 'utf8')));
  return pem;
}

function authOf({ username, password }: Upstream): { auth: string } {
  return { auth: Buffer.from(`${username}:${password}`).toString('base64') };
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, map: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
