import type { IncomingMessage } from 'node:http';
import { CommandFailure } from '../command-failure.ts';

export interface HealthOptions {
  /** `host:port` that the cache listens on; a wildcard host is asked on the loopback interface. */
  readonly addr: string;
  /** Says where the cache listens in place of `addr`. */
  readonly configFile?: string | undefined;
  /** What to ask in place of both. */
  readonly url?: string | undefined;
}

/** What container engines expect of a health check that fails. */
const EXIT_UNHEALTHY = 1;
const TIMEOUT_MS = 5000;
const LOOPBACK_HOSTS = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * Resolves when the cache says that it is ready. Without a configuration file it loads next to nothing: engines run it every
 * few seconds.
 *
 * @throws {CommandFailure} when it is not ready or does not answer
 */
export async function health({ addr, configFile, url }: HealthOptions): Promise<void> {
  const origin = configFile === undefined ? `https://${addr}` : await configuredOrigin(configFile);
  const asked = url ?? `${onLoopback(origin)}/readyz`;
  if (!URL.canParse(asked))
    throw unhealthy(`${asked} is no URL: expected one such as https://localhost:8443/readyz`);
  const target = new URL(asked);
  const status = await fetchStatus(target);
  if (status !== 200) throw unhealthy(`${target.href} answered ${status}: the cache's log says why`);
}

/** Not by all settings: a mistake in a file that the running cache has passed over does not make it ill. */
async function configuredOrigin(configFile: string): Promise<string> {
  const { findListenUrl, readEnvironment } = await import('@registry-cache/config');
  try {
    return await findListenUrl({ configFile, env: readEnvironment() });
  } catch (err) {
    const { explainConfigError } = await import('../load-settings.ts');
    throw explainConfigError(err);
  }
}

function onLoopback(origin: string): string {
  return origin.replace(/:\/\/(?:0\.0\.0\.0|\[::\])?:/, '://127.0.0.1:');
}

async function fetchStatus(url: URL): Promise<number | undefined> {
  const { request } = url.protocol === 'http:' ? await import('node:http') : await import('node:https');
  const options = {
    signal: AbortSignal.timeout(TIMEOUT_MS),
    // A certificate names the cache as its clients know it, seldom the loopback interface.
    rejectUnauthorized: !LOOPBACK_HOSTS.includes(url.hostname),
  };
  try {
    const res = await new Promise<IncomingMessage>((resolve, reject) => {
      request(url, options, resolve).on('error', reject).end();
    });
    res.destroy();
    return res.statusCode;
  } catch (cause) {
    throw unhealthy(`${url.href} did not answer: is the cache running there?`, cause);
  }
}

function unhealthy(message: string, cause?: unknown): CommandFailure {
  return new CommandFailure(message, { exitCode: EXIT_UNHEALTHY, cause });
}
