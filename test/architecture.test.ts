import { describe, expect, test } from 'vitest';
import type { Import } from './support/source/find-imports.ts';
import { readPackages, type SourceFile, type SourcePackage } from './support/source/read-packages.ts';

// What docs/architecture.md says of packages, asserted from the real imports.

const SCOPE = '@registry-cache/';

/** Which packages of this workspace a package may import. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  oci: [],
  runtime: [],
  config: ['oci'],
  store: ['oci'],
  worker: ['oci', 'store', 'config', 'runtime', 'control'],
  logger: ['oci', 'store', 'config', 'runtime'],
  cleaner: ['oci', 'store', 'config', 'runtime', 'control'],
  proxy: ['oci', 'store', 'config', 'runtime'],
  // What the admin process and the command line say to each other.
  control: ['oci', 'store', 'runtime'],
  admin: ['oci', 'store', 'config', 'runtime', 'control'],
  supervisor: ['config', 'runtime'],
  cli: ['oci', 'store', 'config', 'runtime', 'control', 'supervisor'],
};

/** They are started, and never imported. */
const CHILD_PROCESSES = ['worker', 'proxy', 'logger', 'cleaner', 'admin'];
const PROCESSES = [...CHILD_PROCESSES, 'supervisor', 'cli'];

const packages = await readPackages();
const files = packages.flatMap((each) => each.files);

test('the table names every package', () => {
  expect(packages.map(({ name }) => name)).toEqual(Object.keys(MAY_IMPORT).toSorted());
});

describe.each(packages)('$name', (each) => {
  const imports = each.files.flatMap((file) => file.imports);

  test('imports only the packages that it may', () => {
    const forbidden = workspaceImports(each).filter((name) => !MAY_IMPORT[each.name]?.includes(name));
    expect(forbidden).toEqual([]);
  });

  test('declares exactly the dependencies that it imports', () => {
    const specifiers = [...imports.map(({ specifier }) => specifier), ...each.files.flatMap(servedFiles)];
    const imported = new Set(specifiers.map(dependencyOf).filter((name) => name !== undefined));
    expect([...each.dependencies].toSorted()).toEqual([...imported].toSorted());
  });

  test('imports no file of another package by its path', () => {
    const escaping = each.files.filter(({ path, imports: own }) => {
      const depth = path.split('/').length - 2;
      return own.some(({ specifier }) => specifier.startsWith('../'.repeat(depth)));
    });
    expect(pathsOf(escaping)).toEqual([]);
  });
});

test.each(CHILD_PROCESSES)('%s starts at src/main.ts', (name) => {
  expect(pathsOf(files)).toContain(`${name}/src/main.ts`);
});

test('no child process holds what reads settings', () => {
  const children = files.filter((file) => CHILD_PROCESSES.some((name) => isOf(name)(file)));
  const reading = children.filter(({ imports }) =>
    imports.some(({ specifier, kind }) => specifier === `${SCOPE}config` && kind !== 'type'),
  );
  expect(pathsOf(reading)).toEqual([]);
});

test('the command alone starts the supervisor, and only when it serves', () => {
  const importers = files.flatMap(({ path, imports }) =>
    imports
      .filter(({ specifier }) => specifier === `${SCOPE}supervisor`)
      .map(({ kind }) => ({ package: path.split('/')[0], kind })),
  );
  const atRunTime = importers.filter(({ kind }) => kind !== 'type');
  expect(importers.filter((importer) => importer.package !== 'cli')).toEqual([]);
  expect(atRunTime.filter(({ kind }) => kind !== 'dynamic')).toEqual([]);
  expect(atRunTime).not.toEqual([]);
});

test('the proxy reads the store and cannot change it', () => {
  const imports = files.filter(isOf('proxy')).flatMap((file) => file.imports);
  const ofStore = imports.filter(({ specifier }) => specifier.startsWith(`${SCOPE}store`));
  const changing = ofStore.filter(
    ({ specifier, kind }) =>
      specifier !== `${SCOPE}store/read` && !(specifier === `${SCOPE}store` && kind === 'type'),
  );
  expect(changing).toEqual([]);
});

test('only the store knows where things lie on disk', () => {
  const knowing = files.filter(({ code }) => /_layers|_manifests|docker\/registry\/v2/.test(code));
  expect(knowing.filter((file) => !isOf('store')(file)).map(({ path }) => path)).toEqual([]);
  expect(knowing).not.toEqual([]);
});

test('only the client of an upstream speaks to registries', () => {
  const speaking = files.filter(({ imports }) => imports.some(({ specifier }) => specifier === 'undici'));
  const elsewhere = speaking.filter(({ path }) => !path.startsWith('worker/src/upstream/'));
  expect(pathsOf(elsewhere)).toEqual([]);
  expect(speaking).not.toEqual([]);
});

test('the command opens connections of its own to diagnose, to register, to ask for health and to knock, and in its demo', () => {
  const opens = ({ specifier, kind }: Import): boolean =>
    kind !== 'type' && /^node:(?:net|tls|https?|http2|dgram|dns(?:\/promises)?)$/.test(specifier);
  const connecting = files.filter(isOf('cli')).filter(({ imports }) => imports.some(opens));
  const places = ['network/', 'check/connect/', 'commands/health.ts', 'control/open-control.ts', 'demo/'].map(
    (place) => `cli/src/${place}`,
  );
  expect(pathsOf(connecting.filter(({ path }) => !places.some((place) => path.startsWith(place))))).toEqual(
    [],
  );
  expect(connecting).not.toEqual([]);
});

test('only config reads the environment', () => {
  const reading = files.filter(({ code }) => /\bprocess\.env\b|\benv\b.*from 'node:process'/.test(code));
  const elsewhere = pathsOf(reading.filter((file) => !isOf('config')(file)));
  // What config has read is shown to the SDK of traces, which can be told in no other way.
  expect(elsewhere.filter((path) => path !== 'runtime/src/tracing/sdk-environment.ts')).toEqual([]);
  expect(reading).not.toEqual([]);
});

test('a package is a process or has two importers', () => {
  const lonely = packages
    .filter(({ name }) => !PROCESSES.includes(name))
    .filter(({ name }) => packages.filter((other) => workspaceImports(other).includes(name)).length < 2);
  expect(lonely.map(({ name }) => name)).toEqual([]);
});

test('exports have names: no default, and no star', () => {
  const nameless = files.filter(({ code }) => /^export\s+(?:default\b|\*(?!\s+as\b))/m.test(code));
  expect(pathsOf(nameless)).toEqual([]);
});

function workspaceImports({ files: own }: SourcePackage): string[] {
  const names = own
    .flatMap(({ imports }) => imports)
    .filter(({ specifier }) => specifier.startsWith(SCOPE))
    .map(({ specifier }) => specifier.slice(SCOPE.length).split('/')[0] ?? '');
  return [...new Set(names)];
}

/** The package that an import needs; undefined for files of the same package and for Node's own modules. */
function dependencyOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('node:')) return undefined;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Files of packages that are sent to browsers as they are. */
function servedFiles({ code }: SourceFile): string[] {
  return [...code.matchAll(/\brequire\.resolve\('([^']+)'\)/g)].flatMap(([, specifier]) => specifier ?? []);
}

function isOf(name: string): (file: SourceFile) => boolean {
  return ({ path }) => path.startsWith(`${name}/`);
}

function pathsOf(some: readonly SourceFile[]): string[] {
  return some.map(({ path }) => path);
}
