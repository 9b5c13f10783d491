import { expect, test } from 'vitest';
import type { NotificationEndpoint } from '../src/settings.ts';
import { rejectionOf } from './support/problems.ts';
import { createWorkspace } from './support/workspace.ts';

async function endpointsOf(endpoints: string): Promise<readonly NotificationEndpoint[]> {
  const { loadYaml } = await createWorkspace();
  return (await loadYaml(`notifications: {endpoints: [${endpoints}]}`)).notifications;
}

test("an endpoint has distribution's defaults", async () => {
  expect(await endpointsOf('{url: "https://listener.example.com:8080/events?room=1"}')).toEqual([
    {
      name: 'listener.example.com:8080',
      url: 'https://listener.example.com:8080/events?room=1',
      headers: {},
      timeoutMs: 1000,
      threshold: 10,
      backoffMs: 1000,
      ignoredMediaTypes: [],
      ignoredActions: [],
    },
  ]);
});

test('an endpoint may say everything', async () => {
  const { loadYaml } = await createWorkspace();
  const { notifications, warnings } = await loadYaml(`
http: {addr: ":0"}
notifications:
  endpoints:
    - name: alistener
      disabled: false
      url: http://localhost:5003/callback
      headers: {Authorization: [Bearer token], X-Room: "7", X-Number: 7}
      timeout: 500ms
      threshold: 5
      backoff: 10s
      ignoredmediatypes: [application/octet-stream]
      ignore: {mediatypes: [application/octet-stream, text/plain], actions: [pull]}
    - {name: off, disabled: true, url: "http://localhost:5004/"}
`);
  expect(notifications).toEqual([
    {
      name: 'alistener',
      url: 'http://localhost:5003/callback',
      headers: { authorization: ['Bearer token'], 'x-room': ['7'], 'x-number': ['7'] },
      timeoutMs: 500,
      threshold: 5,
      backoffMs: 10_000,
      ignoredMediaTypes: ['application/octet-stream', 'text/plain'],
      ignoredActions: ['pull'],
    },
  ]);
  expect(warnings).toEqual([]);
});

test('zero is as good as left out, as in distribution', async () => {
  expect(await endpointsOf('{url: "http://a.io/", timeout: 0, threshold: 0, backoff: 0s}')).toMatchObject([
    { timeoutMs: 1000, threshold: 10, backoffMs: 1000 },
  ]);
});

test('user and password of the URL become a header, and the URL may be logged', async () => {
  const [endpoint] = await endpointsOf('{url: "https://user:p%40ss@a.io/events#x"}');
  expect(endpoint?.url).toBe('https://a.io/events');
  expect(endpoint?.headers).toEqual({ authorization: [`Basic ${btoa('user:p@ss')}`] });
});

test.each([
  ['7', '', 'expected a map with a name and a url, got a number'],
  ['{name: a}', '.url', 'expected a text, got nothing'],
  ['{url: "ftp://u:hunter2@a.io"}', '.url', 'expected a URL such as'],
  ['{url: "https://u:%zzhunter2@a.io"}', '.url', 'percent-encoded'],
  [
    '{url: "https://a.io", header: {a: hunter2}}',
    '.header',
    'did you mean notifications.endpoints[0].headers?',
  ],
  ['{url: "https://a.io", headers: [hunter2]}', '.headers', 'expected a map of headers, got a list'],
  [
    '{url: "https://a.io", headers: {Authorization: {a: hunter2}}}',
    '.headers',
    'for "Authorization", got a map',
  ],
  ['{url: "https://a.io", headers: {a: "hunter2\\nb: c"}}', '.headers', 'a text that no header can hold'],
  ['{url: "https://a.io", headers: {"a b": hunter2}}', '.headers', 'got "a b"'],
  ['{url: "https://a.io", headers: {Content-Length: 7}}', '.headers', 'got "Content-Length"'],
  ['{url: "https://a.io", headers: {a: hunter2, A: hunter2}}', '.headers', '"A" is there twice'],
  [
    '{url: "https://u:hunter2@a.io", headers: {authorization: hunter2}}',
    '.headers',
    'no Authorization beside',
  ],
  ['{url: "https://a.io", timeout: 30}', '.timeout', 'a duration with units'],
  ['{url: "https://a.io", threshold: many}', '.threshold', 'expected a number'],
  ['{url: "https://a.io", disabled: maybe}', '.disabled', 'expected true or false'],
  ['{url: "https://a.io", ignore: [pull]}', '.ignore', 'expected a map of settings, got a list'],
  ['{url: "https://a.io", ignore: {action: [pull]}}', '.ignore.action', 'unknown key'],
  ['{url: "https://a.io", ignore: {actions: pull}}', '.ignore.actions', 'expected a list, got a text'],
])('%s is refused, without a secret', async (endpoint, where, why) => {
  const error = await rejectionOf(endpointsOf(endpoint));
  expect(error.problems).toEqual([
    { key: `notifications.endpoints[0]${where}`, message: expect.stringContaining(why) },
  ]);
  expect(error.message).not.toContain('hunter2');
});

test('two endpoints of one name are refused', async () => {
  const { problems } = await rejectionOf(endpointsOf('{url: "http://a.io/1"}, {url: "http://a.io/2"}'));
  expect(problems).toEqual([{ key: 'notifications.endpoints[1].name', message: '"a.io" is there twice' }]);
});
