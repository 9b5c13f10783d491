import { InvalidValueError } from './config-error.ts';
import type { Environment } from './environment.ts';
import type { Findings } from './findings.ts';
import type { OutboundProxySettings } from './settings.ts';

/** The proxies that `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` name; a lower-case variable counts before an upper-case one. */
export async function readOutboundProxy(
  env: Environment,
  findings: Findings,
): Promise<OutboundProxySettings> {
  const httpProxy = await readProxyUrl(env, 'HTTP_PROXY', findings);
  const httpsProxy = await readProxyUrl(env, 'HTTPS_PROXY', findings);
  const noProxy = find(env, 'NO_PROXY')?.value;
  return {
    ...(httpProxy === undefined ? {} : { httpProxy }),
    ...(httpsProxy === undefined ? {} : { httpsProxy }),
    ...(noProxy === undefined ? {} : { noProxy }),
  };
}

async function readProxyUrl(env: Environment, name: string, findings: Findings): Promise<string | undefined> {
  const variable = find(env, name);
  if (variable === undefined) return undefined;
  return findings.attempt(variable.name, () => parseProxyUrl(variable.value));
}

function find(env: Environment, upperCase: string): { name: string; value: string } | undefined {
  for (const name of [upperCase.toLowerCase(), upperCase]) {
    const value = env[name]?.trim();
    if (value) return { name, value };
  }
  return undefined;
}

/** `proxy:3128` is `http://proxy:3128`, as everywhere else. The message holds nothing of the value: it may have a password. */
function parseProxyUrl(text: string): string {
  const absolute = text.includes('://') ? text : `http://${text}`;
  if (!/^https?:\/\//i.test(absolute) || !URL.canParse(absolute)) {
    throw new InvalidValueError('expected the URL of an HTTP proxy, such as http://proxy.example.com:3128');
  }
  return new URL(absolute).href;
}
