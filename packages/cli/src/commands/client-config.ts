import { X509Certificate } from 'node:crypto';
import type { Settings } from '@registry-cache/config';
import { EXIT_FAILURE } from '@registry-cache/runtime';
import { readFile } from 'node:fs/promises';
import { CLIENT_CONFIGS, type ClientName } from '../client-config/clients.ts';
import type { CacheForClients } from '../client-config/client-config.ts';
import { formatClientConfig } from '../client-config/report.ts';
import { writeClientFiles } from '../client-config/write-files.ts';
import { CommandFailure } from '../command-failure.ts';
import { loadOrExplain } from '../load-settings.ts';
import type { SettingsSource } from '../settings-source.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface ClientConfigOptions {
  readonly client: ClientName;
  /** How clients reach the cache: `cachehost:8443`; `http.host` of the configuration unless told. */
  readonly host: string | undefined;
  /** A PEM file of what the cache's certificate is trusted by. */
  readonly ca: string | undefined;
  /** Those to be mirrored, in place of all that the cache has. */
  readonly upstreams: readonly string[];
  /** Where the files are written instead of printed; `/` for this machine. */
  readonly write: string | undefined;
  readonly output: 'text' | 'json';
  readonly terminal: Terminal;
}

/** Says how a client is pointed at this cache: files, where they go, and what to do then. */
export async function clientConfig(source: SettingsSource, options: ClientConfigOptions): Promise<void> {
  const { client, write, output, terminal } = options;
  const settings = await loadOrExplain(source);
  const config = CLIENT_CONFIGS[client](await cacheForClients(settings, options));
  const written = write === undefined ? undefined : await writeClientFiles(config.files, write);
  if (output === 'json') terminal.print(JSON.stringify({ client, ...config, written }, undefined, 2));
  else for (const line of formatClientConfig(config, { written, terminal })) terminal.print(line);
}

async function cacheForClients(
  settings: Settings,
  { host, ca, upstreams }: ClientConfigOptions,
): Promise<CacheForClients> {
  const { http, auth } = settings;
  const known = settings.upstreams.map(({ name }): string => name);
  const unknown = upstreams.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw failure(`--upstream: this cache has no upstream ${unknown}: it has ${known.join(', ')}`);
  }
  return {
    host: host === undefined ? externalHost(http) : parseHost(host),
    isPlain: http.tls === undefined,
    ca: ca === undefined ? ownCa(http) : await readCa(ca),
    needsLogin: auth !== undefined,
    upstreams: settings.upstreams.filter(({ name }) => upstreams.length === 0 || upstreams.includes(name)),
  };
}

function externalHost({ externalUrl }: Settings['http']): string {
  if (externalUrl !== undefined) return new URL(externalUrl).host;
  throw failure('expected --host: how clients reach this cache, such as cachehost:8443; or set http.host');
}

/** It becomes part of files and of commands for a shell, which may give a meaning to whatever else a URL allows. */
function parseHost(text: string): string {
  if (/^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/i.test(text) && URL.canParse(`https://${text}`)) return text;
  throw failure('--host: expected a host and a port, such as cachehost:8443');
}

/** What clients must be given: a certificate that nobody else has signed. */
function ownCa({ tls }: Settings['http']): string | undefined {
  if (tls === undefined) return undefined;
  const certificate = new X509Certificate(tls.certificate);
  return certificate.checkIssued(certificate) ? certificate.toString() : undefined;
}

async function readCa(path: string): Promise<string> {
  let pem: string;
  try {
    pem = await readFile(path, 'utf8');
  } catch (cause) {
    throw new CommandFailure(`--ca: cannot read ${path}`, { exitCode: EXIT_FAILURE, cause });
  }
  if (pem.includes('-----BEGIN CERTIFICATE-----') && !pem.includes('PRIVATE KEY-----')) return pem;
  throw failure(`--ca: expected certificates in PEM form and no key in ${path}`);
}

function failure(message: string): CommandFailure {
  return new CommandFailure(message, { exitCode: EXIT_FAILURE });
}
