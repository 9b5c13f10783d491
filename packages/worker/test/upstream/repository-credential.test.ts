import type { CredentialEntry } from '@registry-cache/config';
import { parseRepositoryName } from '@registry-cache/oci';
import { describe, expect, it } from 'vitest';
import { findRepositoryCredential } from '../../src/upstream/repository-credential.ts';

function user(repositoryPrefix: string): CredentialEntry {
  return { repositoryPrefix, credential: { kind: 'basic', username: repositoryPrefix, password: 'p' } };
}

describe('findRepositoryCredential', () => {
  const entries: CredentialEntry[] = [
    user('org'),
    user('org/team'),
    { repositoryPrefix: 'org/public', credential: { kind: 'anonymous' } },
  ];
  it.each([
    ['org/app', 'org'],
    ['org', 'org'],
    ['org/team', 'org/team'],
    ['org/team/app', 'org/team'],
    ['org/teammate', 'org'],
    ['org/public/app', undefined],
    ['organisation/app', undefined],
    ['library/org', undefined],
  ])('%s is asked for as %s', (name, prefix) => {
    const found = findRepositoryCredential(entries, parseRepositoryName(name));
    expect(found?.repositoryPrefix).toBe(prefix);
  });

  it('an empty prefix is for all of the upstream', () => {
    expect(findRepositoryCredential([user('')], parseRepositoryName('a/b'))?.repositoryPrefix).toBe('');
  });

  it('reads the user <token> as an identity token', () => {
    const entry: CredentialEntry = {
      repositoryPrefix: '',
      credential: { kind: 'basic', username: '<token>', password: 'refresh' },
    };
    expect(findRepositoryCredential([entry], parseRepositoryName('a'))?.credential).toEqual({
      kind: 'identity-token',
      token: 'refresh',
    });
  });
});
