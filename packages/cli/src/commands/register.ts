import type { UpstreamSettings } from '@registry-cache/config';
import { EXIT_FAILURE } from '@registry-cache/runtime';
import { readFile } from 'node:fs/promises';
import { CommandFailure } from '../command-failure.ts';
import { loadOrExplain } from '../load-settings.ts';
import { caOfOrigin } from '../network/endpoint.ts';
import { createHttpClient } from '../network/http-client.ts';
import { NetworkFailure } from '../network/network-failure.ts';
import { certificatesOf } from '../network/trust-anchors.ts';
import type { Conversation } from '../register/ask-on-terminal.ts';
import { findLogin } from '../register/login.ts';
import { createOriginApi } from '../register/origin-api.ts';
import { registerCache } from '../register/register-cache.ts';
import type { Registered, Registration } from '../register/registration.ts';
import type { SettingsSource } from '../settings-source.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface RegisterOptions {
  readonly origin: string;
  readonly name: string;
  readonly host: string;
  readonly user?: string;
  /** A file of certificate authorities that are trusted besides the system's and those of the configuration. */
  readonly ca?: string;
  readonly username?: string;
  readonly passwordStdin?: boolean;
  readonly output: 'text' | 'json';
  readonly terminal: Terminal;
}

const TIMEOUT_MS = 30_000;

/** Tells an origin of this cache. @throws {CommandFailure} */
export async function register(source: SettingsSource, options: RegisterOptions): Promise<void> {
  const registration = parseRegistration(options);
  const { origin } = registration;
  const extraCas = options.ca === undefined ? [] : [await readCa(options.ca)];
  const { upstreams, outboundProxy } = await loadOrExplain(source);
  const upstream = findUpstream(origin, upstreams);
  const login = await findLogin({
    origin,
    upstream,
    username: options.username,
    passwordStdin: options.passwordStdin ?? false,
    conversation: standardConversation(),
  });
  const send = createHttpClient({
    endpoint: {
      url: origin,
      cas: [...(upstream?.cas ?? []), ...extraCas],
      urlSetting: '--origin',
      casSetting: 'the file of --ca',
      caSource: caOfOrigin(origin),
    },
    outboundProxy,
    deadline: { signal: AbortSignal.timeout(TIMEOUT_MS), timeoutMs: TIMEOUT_MS },
  });
  const registered = await registerCache(registration, login, createOriginApi(origin, login, send)).catch(
    explain,
  );
  const { output, terminal } = options;
  if (output === 'json') terminal.print(JSON.stringify(registered, undefined, 2));
  else for (const line of formatRegistered(registered)) terminal.print(line);
}

function formatRegistered({ origin, name, host, outcome, user }: Registered): string[] {
  const first =
    outcome === 'created'
      ? `${name} is registered at ${origin}, with the host ${host}`
      : `${name} was registered at ${origin} before, with the same host ${host}`;
  return [
    first,
    user === undefined
      ? 'nobody pulls through it yet: users choose it in their settings there, or --user NAME chooses for them'
      : `${user} pulls through it from now on`,
  ];
}

function parseRegistration({ origin, name, host, user }: RegisterOptions): Registration {
  const url = parseOrigin('--origin', origin, /^https:$/);
  parseOrigin('--host', host, /^https?:$/);
  return { origin: url, name, host: host.replace(/\/$/, ''), user };
}

/** The message quotes nothing: a URL with a password in it is the likeliest mistake. */
function parseOrigin(option: string, text: string, protocols: RegExp): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isOrigin =
    url?.pathname === '/' &&
    url.search === '' &&
    url.hash === '' &&
    url.username === '' &&
    url.password === '';
  if (url !== undefined && isOrigin && protocols.test(url.protocol)) return url;
  throw new CommandFailure(
    `${option}: expected ${protocols.test('http:') ? 'https:// or http://' : 'https://'} and a host, such as https://registry.example.com:443, without user and path`,
    {
      exitCode: EXIT_FAILURE,
    },
  );
}

async function readCa(path: string): Promise<string> {
  let pem: string;
  try {
    pem = await readFile(path, 'utf8');
    if (certificatesOf([pem]).length > 0) return pem;
  } catch (cause) {
    throw new CommandFailure(`--ca: cannot read ${path}`, { exitCode: EXIT_FAILURE, cause });
  }
  throw new CommandFailure(`--ca: ${path} holds no certificate in PEM form`, { exitCode: EXIT_FAILURE });
}

function findUpstream(origin: URL, upstreams: readonly UpstreamSettings[]): UpstreamSettings | undefined {
  return (
    upstreams.find(({ url }) => new URL(url).origin === origin.origin) ??
    upstreams.find(({ name }) => name === origin.host)
  );
}

function standardConversation(): Conversation {
  // Questions go to standard error, so that standard output holds results only.
  const isInteractive = process.stdin.isTTY && process.stderr.isTTY;
  return { input: process.stdin, output: process.stderr, isInteractive };
}

function explain(err: unknown): never {
  if (!(err instanceof NetworkFailure)) throw err;
  const problems = err.advice === undefined ? [] : [err.advice];
  throw new CommandFailure(err.message, { exitCode: EXIT_FAILURE, problems });
}
