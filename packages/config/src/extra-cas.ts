import { readFile } from 'node:fs/promises';
import type { Environment } from './environment.ts';

/**
 * The certificate authorities that Node itself trusts because NODE_EXTRA_CA_CERTS names them: an upstream with `cas` of its own
 * must be told of them, since Node 20 forgets them there. Where the file cannot be read Node warns and goes on without it.
 */
export async function readExtraCas(env: Environment): Promise<string[]> {
  const path = env['NODE_EXTRA_CA_CERTS'];
  if (path === undefined || path === '') return [];
  try {
    return [await readFile(path, 'utf8')];
  } catch {
    return [];
  }
}
