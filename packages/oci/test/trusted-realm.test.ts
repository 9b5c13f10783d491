import { describe, expect, it } from 'vitest';
import { isTrustedRealm } from '../src/trusted-realm.ts';

describe('isTrustedRealm', () => {
  const cases: [trusted: boolean, realm: string, registry: string, tokenHosts?: string[]][] = [
    [true, 'https://quay.io/v2/auth', 'https://quay.io'],
    [true, 'https://auth.docker.io/token', 'https://registry-1.docker.io'],
    [true, 'https://gitlab.com/jwt/auth', 'https://registry.gitlab.com'],
    [true, 'https://sso.redhat.com/token', 'https://registry.connect.redhat.com'],
    [true, 'https://auth.example.co.uk/token', 'https://registry.example.co.uk'],
    [true, 'https://auth.corp.internal/token', 'https://registry.corp.internal'],
    [true, 'https://registry.corp:5001/token', 'https://registry.corp:5000'],
    [true, 'http://127.0.0.1:5001/token', 'http://127.0.0.1:5000'],
    [true, 'https://[::1]:5001/token', 'https://[::1]:5000'],
    [true, 'https://login.example.com/token', 'https://registry.example.org', ['login.example.com']],
    [true, 'https://login.example.com:8443/t', 'https://registry.example.org', ['Login.Example.com:8443']],
    [false, 'https://login.example.com:8443/t', 'https://registry.example.org', ['login.example.com:443']],
    [false, 'https://evil.example.com/token', 'https://registry.example.org', ['login.example.com']],
    [false, 'https://a.login.example.com/token', 'https://registry.example.org', ['login.example.com']],
    [false, 'https://evil.com/token', 'https://quay.io'],
    [false, 'https://quay.io.evil.com/token', 'https://quay.io'],
    [false, 'https://evilquay.io/token', 'https://quay.io'],
    [false, 'https://attacker.co.uk/token', 'https://registry.co.uk'],
    [false, 'https://attacker.github.io/token', 'https://victim.github.io'],
    [false, 'https://evil.s3.amazonaws.com/token', 'https://registry.s3.amazonaws.com'],
    [false, 'http://127.0.0.2/token', 'http://127.0.0.1'],
    [false, 'http://169.254.169.254/latest', 'http://10.0.0.1'],
    [false, 'http://localhost/token', 'http://127.0.0.1'],
    [false, 'http://auth/token', 'http://registry'],
    [false, 'https://[::2]/token', 'https://[::1]'],
  ];
  it.each(cases)('%s: credentials to %s of %s', async (trusted, realm, registry, tokenHosts = []) => {
    expect(await isTrustedRealm(new URL(realm), new URL(registry), tokenHosts)).toBe(trusted);
  });
});
