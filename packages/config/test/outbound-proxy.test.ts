import { expect, test } from 'vitest';
import { Findings } from '../src/findings.ts';
import { readOutboundProxy } from '../src/outbound-proxy.ts';
import { problemsOf } from './support/problems.ts';

test.each([
  ['nothing', {}, {}],
  [
    'upper case',
    { HTTP_PROXY: 'http://p:1', HTTPS_PROXY: 'https://q:2', NO_PROXY: 'a,.b' },
    { httpProxy: 'http://p:1/', httpsProxy: 'https://q:2/', noProxy: 'a,.b' },
  ],
  [
    'lower case first',
    { http_proxy: 'http://low:1', HTTP_PROXY: 'http://up:1' },
    { httpProxy: 'http://low:1/' },
  ],
  ['an empty variable', { https_proxy: '', HTTPS_PROXY: 'http://up:1' }, { httpsProxy: 'http://up:1/' }],
  ['no scheme', { HTTP_PROXY: 'proxy.example.com:3128' }, { httpProxy: 'http://proxy.example.com:3128/' }],
  ['a password', { HTTP_PROXY: 'http://u:p@proxy:3128' }, { httpProxy: 'http://u:p@proxy:3128/' }],
])('%s', async (_, env, expected) => {
  const findings = new Findings();
  expect(await readOutboundProxy(env, findings)).toEqual(expected);
  findings.throwProblems();
});

test.each(['socks5://u:hunter2@p:1', 'http://', 'http://u:hunter2@p:x'])(
  '%s is refused, and not shown',
  async (url) => {
    const findings = new Findings();
    await readOutboundProxy({ HTTPS_PROXY: url }, findings);
    const error = problemsOf(() => findings.throwProblems());
    expect(error.problems).toMatchObject([{ key: 'HTTPS_PROXY' }]);
    expect(error.message).not.toContain('hunter2');
  },
);
