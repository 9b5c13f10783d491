import { expect, test } from 'vitest';
import { ConfigError } from '../src/config-error.ts';
import { parsePullSecret, type PullSecret } from '../src/pull-secret.ts';
import { problemsOf } from './support/problems.ts';

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

function parse(auths: Record<string, unknown>, ignored?: string[]): PullSecret {
  return parsePullSecret(JSON.stringify({ auths }), 'ps.json', ignored);
}

test.each([
  ['auth', { auth: base64('user:secret') }, { kind: 'basic', username: 'user', password: 'secret' }],
  [
    'a password with colons',
    { auth: base64('user:a:b::c') },
    { kind: 'basic', username: 'user', password: 'a:b::c' },
  ],
  [
    'characters beyond ASCII',
    { auth: base64('jürgen:пароль€') },
    { kind: 'basic', username: 'jürgen', password: 'пароль€' },
  ],
  ['an empty password', { auth: base64('user:') }, { kind: 'basic', username: 'user', password: '' }],
  [
    'auth without padding, in lines',
    { auth: `${base64('user:secret').replace(/=+$/, '').slice(0, 6)}\n${base64('user:secret').slice(6)}` },
    { kind: 'basic', username: 'user', password: 'secret' },
  ],
  [
    'username and password',
    { username: 'u', password: 'p:q' },
    { kind: 'basic', username: 'u', password: 'p:q' },
  ],
  [
    'identitytoken beside auth',
    { auth: base64('<token>:'), identitytoken: 'idt' },
    { kind: 'identity-token', token: 'idt' },
  ],
  ['registrytoken', { registrytoken: 'rt' }, { kind: 'registry-token', token: 'rt' }],
  ['nothing', {}, { kind: 'anonymous' }],
  ['empty texts and an email', { auth: '', email: 'a@example.com' }, { kind: 'anonymous' }],
])('an entry with %s', (_, entry, credential) => {
  expect(parse({ 'quay.io': entry }).entries).toMatchObject([{ name: 'quay.io', credential }]);
});

test.each([
  ['quay.io', 'quay.io', ''],
  ['QUAY.io', 'quay.io', ''],
  ['registry.example.com:5000', 'registry.example.com:5000', ''],
  ['quay.io/org', 'quay.io', 'org'],
  ['quay.io/org/team/', 'quay.io', 'org/team'],
  ['https://index.docker.io/v1/', 'docker.io', ''],
  ['index.docker.io/v1/', 'docker.io', ''],
  ['https://registry-1.docker.io/v2/', 'docker.io', ''],
  ['https://gcr.io', 'gcr.io', ''],
  ['docker.io/library', 'docker.io', 'library'],
])('the key %j is for %s', (key, upstream, repositoryPrefix) => {
  expect(parse({ [key]: {} }).entries).toMatchObject([
    { registry: { kind: 'upstream', upstream }, repositoryPrefix },
  ]);
});

test.each(['', 'https://', 'quay io', '*', 'quay.io:99999', 'quay.io/Org', 'quay.io/../x', 'user@quay.io'])(
  'the key %j is refused',
  (key) => {
    expect(() => parse({ [key]: {} })).toThrow(ConfigError);
  },
);

test('ignored keys are left out unread, by their own name or by ours', () => {
  const auths = { 'cloud.openshift.com': { auth: '???' }, 'https://index.docker.io/v1/': {}, 'quay.io': {} };
  expect(parse(auths, ['cloud.openshift.com', 'docker.io']).entries.map(({ name }) => name)).toEqual([
    'quay.io',
  ]);
  expect(parse({ 'cloud.openshift.com': { auth: '???' } }).entries).toEqual([]);
});

test('every broken entry is reported, with its key and without its values', () => {
  const error = problemsOf(() =>
    parse({
      'a.io': { auth: 'not base64 hunter2!' },
      'b.io': { auth: base64('hunter2') },
      'c.io': { auth: Buffer.from('user:p\xE4ss', 'latin1').toString('base64') },
      'd.io': { auth: base64('user:hunter2\n') },
      'e.io': { username: 'hunter2' },
      'f.io': { password: 'hunter2' },
      'g.io': { auth: 7 },
      'h.io': 'hunter2',
      'ok.io': {},
    }),
  );
  expect(error.problems.map(({ key }) => key)).toEqual(
    'abcdefgh'.split('').map((name) => `ps.json auths.${name}.io`),
  );
  expect(error.problems[3]?.message).toContain('printf');
  expect(error.message).not.toContain('hunter2');
});

test('broken JSON is reported without the text around the mistake', () => {
  for (const text of [
    '{"auths": {"quay.io": {"auth": hunter2}}}',
    'hunter2',
    '{"auths":\n{"hunter2"}}',
    '',
  ]) {
    const error = problemsOf(() => parsePullSecret(text, 'ps.json'));
    expect(error.problems).toMatchObject([{ key: 'ps.json' }]);
    expect(error.message).not.toContain('hunter2');
    expect(error.cause).toBeUndefined();
  }
});

test.each(['[]', 'null', '{}', '{"auths": []}', '{"quay.io": {"auth": "eA=="}}'])(
  '%s is no pull secret',
  (text) => {
    expect(problemsOf(() => parsePullSecret(text, 'ps.json')).message).toContain('expected {"auths"');
  },
);

test('credential helpers are warned about', () => {
  const { warnings } = parsePullSecret('{"auths": {"quay.io": {}}, "credsStore": "desktop"}', 'ps.json');
  expect(warnings).toEqual([expect.stringContaining('credsStore')]);
});
