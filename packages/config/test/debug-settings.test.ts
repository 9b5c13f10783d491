import { describe, expect, test } from 'vitest';
import { isAnyAddress, isLoopback } from '../src/listen-address.ts';
import { rejectionOf } from './support/problems.ts';
import { createWorkspace } from './support/workspace.ts';

test("the debug address of distribution's own config.yml just works", async () => {
  const { loadYaml } = await createWorkspace();
  const { debug, http, warnings } = await loadYaml(`
version: 0.1
log: {accesslog: {disabled: true}, level: debug, fields: {service: registry}}
storage: {cache: {blobdescriptor: inmemory}, filesystem: {rootdirectory: /data}}
http:
  addr: :5000
  debug:
    addr: :5001
    prometheus: {enabled: true, path: /metrics}
  headers: {X-Content-Type-Options: [nosniff]}
notifications:
  events: {includereferences: true}
  endpoints:
    - name: local-5003
      url: http://localhost:5003/callback
      headers: {Authorization: [Bearer hunter2]}
      timeout: 1s
      threshold: 10
      backoff: 1s
      disabled: true
    - name: local-8083
      url: http://localhost:8083/callback
      timeout: 1s
      threshold: 10
      backoff: 1s
      disabled: true
health: {storagedriver: {enabled: true, interval: 10s, threshold: 3}}
`);
  expect(debug).toEqual({ host: '', port: 5001, metricsPath: '/metrics', actions: 'loopback' });
  expect(http.port).toBe(5000);
  expect(warnings).toEqual([
    'these settings are ignored, as they mean nothing to this cache: health, http.headers, log.fields, notifications.events, storage.cache',
  ]);
});

test.each([
  ['prometheus: {enabled: off}', undefined],
  ['prometheus: {enabled: off, path: /m}', undefined],
  ['prometheus: {path: /m/etrics}', '/m/etrics'],
  ['prometheus: ', '/metrics'],
])('metrics of %s are at %s', async (yaml, path) => {
  const { loadYaml } = await createWorkspace();
  const { debug } = await loadYaml(`http: {debug: {addr: "127.0.0.1:1", ${yaml}}}`);
  expect(debug?.metricsPath).toBe(path);
});

test('the environment alone may ask for it', async () => {
  const { load } = await createWorkspace();
  const env = { REGISTRY_HTTP_DEBUG_ADDR: '[::1]:0', REGISTRY_HTTP_DEBUG_ACTIONS: 'nowhere' };
  expect((await load({ env })).debug).toEqual({
    host: '::1',
    port: 0,
    metricsPath: '/metrics',
    actions: 'nowhere',
  });
});

test.each(['metrics', '/', '/metrics?a', '/a b', '/healthz', '/readyz', '/api/v1', '/dashboard'])(
  'metrics cannot be at %j',
  async (path) => {
    const { loadYaml } = await createWorkspace();
    const { problems } = await rejectionOf(
      loadYaml(`http: {debug: {addr: ":1", prometheus: {path: "${path}"}}}`),
    );
    expect(problems).toMatchObject([{ key: 'http.debug.prometheus.path' }]);
  },
);

test('what says how, without saying where, has no effect, with a warning', async () => {
  const { loadYaml } = await createWorkspace();
  const { debug, warnings } = await loadYaml('http: {addr: ":0", debug: {actions: anywhere}}');
  expect(debug).toBeUndefined();
  expect(warnings).toEqual([expect.stringContaining('http.debug.actions has no effect')]);
});

describe('the addresses of clients and of operators', () => {
  test.each([
    [':8443', '127.0.0.1:8443'],
    [':5000', ':5000'],
    ['0.0.0.0:5000', '10.0.0.1:5000'],
    ['10.0.0.1:5000', '[::]:5000'],
    ['localhost:5000', 'LOCALHOST:5000'],
  ])('%s and %s cannot be both had', async (addr, debugAddr) => {
    const { loadYaml } = await createWorkspace();
    const env = { REGISTRY_HTTP_DEBUG_ADDR: debugAddr };
    expect((await rejectionOf(loadYaml(`http: {addr: "${addr}"}`, env))).problems).toEqual([
      {
        key: 'REGISTRY_HTTP_DEBUG_ADDR',
        message: expect.stringContaining('another address than that of clients'),
      },
    ]);
  });

  test.each([
    ['10.0.0.1:5000', '127.0.0.1:5000'],
    [':0', ':0'],
    [':5000', ':5001'],
  ])('%s and %s can', async (addr, debugAddr) => {
    const { loadYaml } = await createWorkspace();
    const { debug } = await loadYaml(`http: {addr: "${addr}", debug: {addr: "${debugAddr}"}}`);
    expect(debug).toBeDefined();
  });
});

test.each([
  ['anywhere', ':5001', true],
  ['anywhere', '10.0.0.1:5001', true],
  ['anywhere', '127.0.0.1:5001', false],
  ['anywhere', 'localhost:5001', false],
  ['loopback', ':5001', false],
])('actions from %s at %s are warned of: %s', async (actions, addr, isWarned) => {
  const { loadYaml } = await createWorkspace();
  const { warnings } = await loadYaml(`http: {addr: ":0", debug: {addr: "${addr}", actions: ${actions}}}`);
  expect(warnings).toEqual(isWarned ? [expect.stringContaining('whoever reaches http.debug.addr')] : []);
});

test.each([
  ['', true, false],
  ['0.0.0.0', true, false],
  ['::', true, false],
  ['0:0:0:0:0:0:0:0', true, false],
  ['::1', false, true],
  ['0:0:0:0:0:0:0:1', false, true],
  ['::ffff:127.0.0.1', false, true],
  ['127.0.0.2', false, true],
  ['127.example.com', false, false],
  ['10.0.0.1', false, false],
  ['fe80::1', false, false],
])('%j: every address %s, loopback %s', (host, any, loopback) => {
  expect([isAnyAddress(host), isLoopback(host)]).toEqual([any, loopback]);
});
