import { readFileSync } from 'node:fs';

/** `registry-cache/<version>`, so that a registry's operator knows who is asking. */
export function userAgent(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest
      ? String(manifest.version)
      : '0';
  return `registry-cache/${version}`;
}
