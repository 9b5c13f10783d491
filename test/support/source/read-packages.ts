import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findImports, type Import } from './find-imports.ts';
import { withoutComments } from './without-comments.ts';

const PACKAGES = fileURLToPath(new URL('../../../packages', import.meta.url));

/** A workspace package, as its sources and its package.json say. */
export interface SourcePackage {
  /** Without the scope: `worker`. */
  readonly name: string;
  /** Names of its production dependencies. */
  readonly dependencies: readonly string[];
  readonly files: readonly SourceFile[];
}

export interface SourceFile {
  /** Below `packages/`: `worker/src/main.ts`. */
  readonly path: string;
  /** Without comments. */
  readonly code: string;
  readonly imports: readonly Import[];
}

export async function readPackages(): Promise<SourcePackage[]> {
  return Promise.all((await readdir(PACKAGES)).toSorted().map(readPackage));
}

async function readPackage(name: string): Promise<SourcePackage> {
  const folder = join(PACKAGES, name);
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    readonly dependencies?: Readonly<Record<string, string>>;
  };
  const paths = (await readdir(join(folder, 'src'), { recursive: true })).filter((path) =>
    path.endsWith('.ts'),
  );
  return {
    name,
    dependencies: Object.keys(manifest.dependencies ?? {}),
    files: await Promise.all(paths.toSorted().map((path) => readSourceFile(join(folder, 'src', path)))),
  };
}

async function readSourceFile(path: string): Promise<SourceFile> {
  const code = withoutComments(await readFile(path, 'utf8'));
  return { path: relative(PACKAGES, path), code, imports: findImports(code) };
}
