import { describe, expect, test } from 'vitest';
import { findListenUrl } from '../src/listen-url.ts';
import { createWorkspace, type Workspace } from './support/workspace.ts';

async function find(
  workspace: Workspace,
  yaml: string | undefined,
  env: Record<string, string> = {},
): Promise<string> {
  const configFile = yaml === undefined ? undefined : await workspace.write('config.yml', yaml);
  const path = workspace.path;
  const wellKnown = { data: path('data'), pullSecret: path('ps.json'), htpasswd: path('htpasswd') };
  return findListenUrl({
    env,
    configFile,
    wellKnown: { ...wellKnown, certificate: path('certs/certs.pem') },
  });
}

const TLS = 'tls: {certificate: /missing.pem}';

describe('the address that a cache listens on', () => {
  test.each([
    ['without a configuration', undefined, {}, 'https://:8443'],
    ['of the environment', undefined, { REGISTRY_HTTP_ADDR: ':5000' }, 'https://:5000'],
    ['of config.yml alone has no TLS', 'http: {addr: ":5000"}', {}, 'http://:5000'],
    ['with a certificate has TLS', `http: {addr: "0.0.0.0:443", ${TLS}}`, {}, 'https://0.0.0.0:443'],
    ['of IPv6', 'http: {addr: "[::1]:5000"}', {}, 'http://[::1]:5000'],
  ])('%s', async (_, yaml, env, url) => {
    expect(await find(await createWorkspace(), yaml, env)).toBe(url);
  });

  test('has TLS with the certificate of a well-known place', async () => {
    const workspace = await createWorkspace();
    await workspace.write('certs/certs.pem', '');

    expect(await find(workspace, 'http: {addr: ":5000"}')).toBe('https://:5000');
  });

  test('is found whatever else is wrong', async () => {
    const yaml = 'http: {addr: ":5000"}\npullsecret: /missing.json\ncleaner: {maxsize: much}\nnonsense: 1';

    expect(await find(await createWorkspace(), yaml)).toBe('http://:5000');
  });

  test.each([
    ['address', 'http: {addr: nonsense}'],
    ['file', 'http: ['],
  ])('is not guessed where the %s is wrong', async (_, yaml) => {
    await expect(find(await createWorkspace(), yaml)).rejects.toThrow('config');
  });
});
