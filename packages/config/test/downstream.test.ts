import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConfigTree, isMap } from '../src/config-tree.ts';
import { takeDownstream } from '../src/downstream.ts';
import type { DownstreamOptions } from '../src/downstream-options.ts';
import { Findings } from '../src/findings.ts';
import type { Settings, UpstreamSettings } from '../src/settings.ts';
import { issue } from './support/certificates.ts';
import { problemsOf, rejectionOf } from './support/problems.ts';
import { createWorkspace } from './support/workspace.ts';

const ENTRY = 'middleware.registry[0]';
const UPSTREAMS = `${ENTRY}.options.upstreams`;

/** A config.yml with `options` for the middleware, and whatever else. */
function yamlOf(options: string, rest = ''): string {
  return `middleware: {registry: [{name: downstream, options: ${options}}]}\nhttp: {addr: ":0", host: "https://me.io"}\n${rest}`;
}

async function load(options: string, rest = '', auths: Record<string, unknown> = {}): Promise<Settings> {
  const { loadYaml, write } = await createWorkspace();
  if (Object.keys(auths).length > 0) await write('pull-secret.json', JSON.stringify({ auths }));
  return loadYaml(yamlOf(options, rest));
}

function summaryOf({ upstreams }: Settings): Partial<UpstreamSettings>[] {
  return upstreams.map(({ name, url, default: isDefault, authorization, caches }) => ({
    name,
    url,
    default: isDefault,
    authorization,
    caches,
  }));
}

const DTR = { name: 'dtr.io', url: 'https://dtr.io', default: true, authorization: 'origin', caches: [] };

test.each([
  ['one URL', '[https://dtr.io/]', {}],
  ['the port that the scheme has anyway', '[https://dtr.io:443]', {}],
  ['a port', '[https://dtr.io:4443]', { name: 'dtr.io:4443', url: 'https://dtr.io:4443' }],
  ['no TLS', '[http://10.0.0.1:5000]', { name: '10.0.0.1:5000', url: 'http://10.0.0.1:5000' }],
  ['a name of one component', '[https://MSR]', { name: 'msr', url: 'https://msr' }],
  ['several URLs', '[https://dtr.io, http://a, https://b:5000/]', { caches: ['http://a', 'https://b:5000'] }],
  ['an originhost', '[{originhost: https://dtr.io}]', {}],
  [
    'an originhost and upstreamhosts',
    '[{originhost: https://dtr.io, upstreamhosts: [https://a, https://b]}]',
    { caches: ['https://a', 'https://b'] },
  ],
  ['upstreamhosts without content', '[{originhost: https://dtr.io, upstreamhosts: }]', {}],
])('the origin is the only upstream, with %s', async (_, upstreams, expected) => {
  const settings = await load(`{upstreams: ${upstreams}}`);
  expect(summaryOf(settings)).toEqual([{ ...DTR, ...expected }]);
  expect(settings.upstreams[0]?.tagTtlMs).toBe(0);
  expect(settings.cleaner.expiry).toBeUndefined();
  expect(settings.warnings).toEqual([]);
});

test.each([
  ['{upstreams: []}', UPSTREAMS, 'expected the URL of the origin'],
  ['{upstreams: }', UPSTREAMS, 'expected the URL of the origin'],
  ['{}', UPSTREAMS, 'expected the URL of the origin'],
  ['', UPSTREAMS, 'expected the URL of the origin'],
  ['[]', `${ENTRY}.options`, 'expected a map of settings, got a list'],
  ['{upstreams: https://dtr.io}', UPSTREAMS, 'expected a list, got a text'],
  ['{upstreams: [dtr.io]}', `${UPSTREAMS}[0]`, 'expected https:// or http://'],
  ['{upstreams: [5]}', `${UPSTREAMS}[0]`, 'expected a URL, got a number'],
  ['{upstreams: [https://dtr.io/v2/]}', `${UPSTREAMS}[0]`, 'without a path'],
  ['{upstreams: ["https://u:hunter2@dtr.io"]}', `${UPSTREAMS}[0]`, 'no user or password'],
  ['{upstreams: ["https://[::1]:5000"]}', `${UPSTREAMS}[0]`, 'expected a host name'],
  ['{upstreams: [https://dtr.io, {originhost: https://a}]}', `${UPSTREAMS}[1]`, 'expected a URL, got a map'],
  ['{upstreams: [https://dtr.io, a]}', `${UPSTREAMS}[1]`, 'expected https:// or http://'],
  ['{upstreams: [https://dtr.io, ]}', undefined, ''],
  ['{upstreams: [https://dtr.io, null]}', `${UPSTREAMS}[1]`, 'expected a URL, got nothing'],
  ['{upstreams: [https://dtr.io, "https://dtr.io:443"]}', `${UPSTREAMS}[1]`, 'is the origin itself'],
  ['{upstreams: [https://dtr.io, https://a, https://a/]}', `${UPSTREAMS}[2]`, 'is there twice'],
  [
    '{upstreams: [{originhost: https://dtr.io}, https://a]}',
    `${UPSTREAMS}[1]`,
    'expected nothing after the map with originhost',
  ],
  [
    '{upstreams: [{originhost: https://dtr.io}, {originhost: https://a}]}',
    `${UPSTREAMS}[1]`,
    'expected nothing after the map with originhost',
  ],
  [
    '{upstreams: [{upstreamhosts: [https://a]}]}',
    `${UPSTREAMS}[0].originhost`,
    'expected a text, got nothing',
  ],
  [
    '{upstreams: [{originhost: https://dtr.io, upstreamhosts: https://a}]}',
    `${UPSTREAMS}[0].upstreamhosts`,
    'expected a list, got a text',
  ],
  [
    '{upstreams: [{originhost: https://dtr.io, upstreamhosts: [a]}]}',
    `${UPSTREAMS}[0].upstreamhosts[0]`,
    'expected https:// or http://',
  ],
  [
    '{upstreams: [{originhost: https://dtr.io, upstreamhost: [https://a]}]}',
    `${UPSTREAMS}[0].upstreamhost`,
    `unknown key, did you mean ${UPSTREAMS}[0].upstreamhosts?`,
  ],
  [
    '{upstreams: [https://dtr.io], bolbttl: 24h}',
    `${ENTRY}.options.bolbttl`,
    `unknown key, did you mean ${ENTRY}.options.blobttl?`,
  ],
  ['{upstreams: [https://dtr.io], cas: /ca.pem}', `${ENTRY}.options.cas`, 'expected a list, got a text'],
  ['{upstreams: [https://dtr.io], cas: [ca.pem]}', `${ENTRY}.options.cas[0]`, 'expected an absolute path'],
  ['{upstreams: [https://dtr.io], cas: [/nowhere/a.pem]}', `${ENTRY}.options.cas[0]`, 'no such file'],
  [
    '{upstreams: [https://dtr.io], blobttlfrom: pushed}',
    `${ENTRY}.options.blobttlfrom`,
    'expected fetched or pulled, got "pushed"',
  ],
])('options %s', async (options, key, message) => {
  if (key === undefined) {
    expect(summaryOf(await load(options))).toEqual([DTR]);
    return;
  }
  const error = await rejectionOf(load(options));
  expect(error.problems).toEqual([{ key, message: expect.stringContaining(message) as string }]);
  expect(error.message).not.toContain('hunter2');
});

test('all mistakes of the middleware are reported at once, beside those of the rest', async () => {
  const options = '{upstreams: [dtr.io, https://a/b], cas: [x], blobttl: 1M, blobtlt: 1h}';
  const error = await rejectionOf(load(options, 'log: {level: loud}'));
  expect(error.problems.map(({ key }) => key).toSorted()).toEqual([
    'log.level',
    `${ENTRY}.options.blobtlt`,
    `${ENTRY}.options.blobttl`,
    `${ENTRY}.options.cas[0]`,
    `${UPSTREAMS}[0]`,
  ]);
});

test.each([
  ['24h', 86_400_000],
  ['90m', 5_400_000],
  ['30s', 30_000],
  ['1500ms', 1500],
  ['5000us', 5],
  ['86400000000000ns', 86_400_000],
  ['720h', 2_592_000_000],
])('blobttl %s is %d ms', async (blobttl, blobTtlMs) => {
  const options = `{upstreams: [https://dtr.io], blobttl: ${blobttl}}`;
  const { cleaner, warnings } = await load(options, 'storage: {delete: {enabled: true}}');
  expect(cleaner.expiry).toEqual({ blobTtlMs, from: 'fetched' });
  expect(warnings).toEqual([]);
});

test.each([
  ['86400000000000', 86_400_000],
  ['"2592000000000000"', 2_592_000_000],
  ['24', 1],
])('blobttl %s without a unit is nanoseconds, with a warning', async (blobttl, blobTtlMs) => {
  const options = `{upstreams: [https://dtr.io], blobttl: ${blobttl}}`;
  const { cleaner, warnings } = await load(options, 'storage: {delete: {enabled: true}}');
  expect(cleaner.expiry?.blobTtlMs).toBe(blobTtlMs);
  expect(warnings).toEqual([
    expect.stringContaining(`${ENTRY}.options.blobttl: a number without a unit is read as nanoseconds`),
  ]);
});

test.each(['0', '0h', '-24h', '1M', '1.5', 'true', '""', '[24h]', '99999999999999999999'])(
  'blobttl %s is refused',
  async (blobttl) => {
    const options = `{upstreams: [https://dtr.io], blobttl: ${blobttl}}`;
    const error = await rejectionOf(load(options, 'storage: {delete: {enabled: true}}'));
    expect(error.problems.map(({ key }) => key)).toEqual([`${ENTRY}.options.blobttl`]);
  },
);

test('as many nanoseconds as Go can hold are a time to live', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 1n, max: (2n ** 63n / 1_000_000n) * 1_000_000n }),
      fc.constantFrom('', 'ns'),
      (ns, unit) => {
        const findings = new Findings();
        const options = { upstreams: ['https://dtr.io'], blobttl: `${ns}${unit}` };
        const tree = new ConfigTree({ middleware: { registry: [{ name: 'downstream', options }] } });
        const ms = takeDownstream(tree, findings)?.blobTtlMs ?? NaN;
        findings.throwProblems();
        expect(Number.isInteger(ms) && ms >= 1).toBe(true);
        expect(Math.abs(ms - Number(ns) / 1e6)).toBeLessThanOrEqual(1);
      },
    ),
  );
});

test.each(['', 'storage: {delete: {enabled: false}}', 'storage: {delete: }'])(
  'blobttl needs storage.delete.enabled, which %j does not say',
  async (storage) => {
    const error = await rejectionOf(load('{upstreams: [https://dtr.io], blobttl: 24h}', storage));
    expect(error.problems).toEqual([
      {
        key: `${ENTRY}.options.blobttl`,
        message: expect.stringContaining('expected storage.delete.enabled: true') as string,
      },
    ]);
  },
);

test('storage.delete.enabled may come from the environment', async () => {
  const { loadYaml } = await createWorkspace();
  const settings = await loadYaml(yamlOf('{upstreams: [https://dtr.io], blobttl: 24h}'), {
    REGISTRY_STORAGE_DELETE_ENABLED: 'true',
  });
  expect(settings.cleaner.expiry?.blobTtlMs).toBe(86_400_000);
});

test('blobs may expire after they were last pulled', async () => {
  const enabled = 'storage: {delete: {enabled: true}}';
  const { cleaner } = await load('{upstreams: [https://dtr.io], blobttl: 24h, blobttlfrom: pulled}', enabled);
  expect(cleaner.expiry).toEqual({ blobTtlMs: 86_400_000, from: 'pulled' });
});

test('a time to live is said once', async () => {
  const options = '{upstreams: [https://dtr.io], blobttl: 24h, blobttlfrom: pulled}';
  const rest = 'storage: {delete: {enabled: true}}\ncleaner: {blobttl: 24h, blobttlfrom: pulled}';
  const error = await rejectionOf(load(options, rest));
  expect(error.problems).toEqual([
    { key: 'cleaner.blobttl', message: `expected it once: ${ENTRY}.options.blobttl says it too` },
    { key: 'cleaner.blobttlfrom', message: `expected it once: ${ENTRY}.options.blobttlfrom says it too` },
  ]);
});

test('cas are those of config.yml and of the middleware', async () => {
  const { loadYaml, write, path } = await createWorkspace();
  const [first, second] = [await issue('first'), await issue('second')];
  await write('first.pem', first.cert);
  await write('second.pem', second.cert);
  const settings = await loadYaml(
    yamlOf(
      `{upstreams: [https://dtr.io], cas: [${path('first.pem')}]}`,
      `upstreams: {dtr.io: {cas: [${path('second.pem')}]}}`,
    ),
  );
  expect(settings.upstreams[0]?.cas).toEqual([first.cert, second.cert]);
  expect(settings.watchedFiles).toEqual(expect.arrayContaining([path('first.pem'), path('second.pem')]));
});

test('upstreams of config.yml and the pull secret stand beside the origin, and refine it', async () => {
  const settings = await load(
    '{upstreams: [https://dtr.io]}',
    'upstreams: {dtr.io: {tagttl: 5s, maxconnections: 8, caches: [https://a]}, ghcr.io: }',
    { 'quay.io': {} },
  );
  expect(summaryOf(settings)).toMatchObject([
    { ...DTR, caches: ['https://a'] },
    { name: 'ghcr.io', default: false, authorization: 'cache' },
    { name: 'quay.io', default: false, authorization: 'cache' },
  ]);
  expect(settings.upstreams[0]).toMatchObject({ tagTtlMs: 5000, maxConnections: 8 });
});

test.each([
  ['dtr.io: {url: "https://other.io"}', 'upstreams.dtr.io.url', 'expected https://dtr.io or nothing'],
  ['dtr.io: {url: nonsense}', 'upstreams.dtr.io.url', 'expected https:// or http://'],
  ['dtr.io: {default: false}', 'upstreams.dtr.io.default', 'expected true or nothing'],
  ['dtr.io: {authorization: cache}', 'upstreams.dtr.io.authorization', 'expected origin or nothing'],
  ['quay.io: {default: true}', 'upstreams', 'at most one default upstream, got dtr.io and quay.io'],
  ['dtr.io: , "dtr.io:443": ', 'upstreams.dtr.io:443', 'dtr.io is there twice'],
])('upstreams {%s} contradict the middleware', async (upstreams, key, message) => {
  const error = await rejectionOf(load('{upstreams: [https://dtr.io]}', `upstreams: {${upstreams}}`));
  expect(error.problems).toEqual([{ key, message: expect.stringContaining(message) as string }]);
});

test.each([
  ['https://dtr.io:443', 'dtr.io:443'],
  ['https://dtr.io', 'dtr.io:443'],
  ['http://dtr.io', 'dtr.io:80'],
])(
  '%s is %s in a pull secret and in upstreams, and opens no second way to what it holds',
  async (url, key) => {
    const settings = await load(`{upstreams: ["${url}"]}`, `upstreams: {"${key}": {tagttl: 1s}}`, {
      [key]: { username: 'u', password: 'hunter2' },
    });
    expect(settings.upstreams).toMatchObject([
      {
        name: 'dtr.io',
        authorization: 'origin',
        tagTtlMs: 1000,
        credentials: [{ credential: { username: 'u' } }],
      },
    ]);
  },
);

test('an entry that is switched off is not looked at', async () => {
  const { loadYaml } = await createWorkspace();
  const off = '{name: downstream, disabled: true, options: {upstreams: nonsense}}';
  const on = '{name: downstream, options: {upstreams: [https://dtr.io]}}';
  expect(summaryOf(await loadYaml(`middleware: {registry: [${off}, ${on}]}`))).toEqual([DTR]);
  const { upstreams } = await loadYaml(`middleware: {registry: [${off}]}`);
  expect(upstreams.map(({ name }) => name)).toContain('quay.io');
});

test.each([
  ['two entries', '[{name: downstream, options: {upstreams: [https://a]}}, {name: downstream}]', 1],
  ['no list', '{name: downstream}', undefined],
  ['an entry without a name', '[{options: {}}]', '0].name'],
  ['an entry that is a text', '[downstream]', 0],
  ['a misspelt name', '[{name: downstraem}]', '0].name'],
])('middleware.registry with %s is refused', async (_, registry, place) => {
  const { loadYaml } = await createWorkspace();
  const error = await rejectionOf(loadYaml(`middleware: {registry: ${registry}}`));
  const suffix = typeof place === 'number' ? `[${place}]` : place === undefined ? '' : `[${place}`;
  expect(error.problems.map(({ key }) => key)).toEqual([`middleware.registry${suffix}`]);
});

test('a misspelt section of middleware is refused', async () => {
  const { loadYaml } = await createWorkspace();
  const error = await rejectionOf(loadYaml('middleware: {registri: [{name: downstream}]}'));
  expect(error.problems).toEqual([
    { key: 'middleware.registri', message: 'unknown key, did you mean middleware.registry?' },
  ]);
});

test('whatever is written there is understood or a problem', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (options, upstreams) => {
      const entry = { name: 'downstream', options: isMap(options) ? { ...options, upstreams } : options };
      const findings = new Findings();
      const read = (): DownstreamOptions | undefined =>
        takeDownstream(new ConfigTree({ middleware: { registry: [entry] } }), findings);
      const { origin } = read() ?? {};
      // No URL comes out of such values by chance.
      expect(origin).toBeUndefined();
      expect(problemsOf(() => findings.throwProblems()).problems.length).toBeGreaterThan(0);
    }),
  );
});
