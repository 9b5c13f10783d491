import { fileURLToPath } from 'node:url';

export type ProcessName = 'logger' | 'worker' | 'proxy' | 'cleaner' | 'admin';

/** The file that starts a process of this cache; processes know each other as paths, never as imports. */
export function entryPoint(process: ProcessName): string {
  return fileURLToPath(new URL(`../../${process}/dist/main.js`, import.meta.url));
}
