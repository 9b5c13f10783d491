import { resolve } from 'node:path';
import { describeCertificate } from './certificate-report.ts';
import { parseTls } from './certificate.ts';
import type { LoadContext } from './load-context.ts';
import { pemText } from './pem.ts';
import type { TlsSettings } from './settings.ts';
import { isPresent, readBinaryFile } from './text-file.ts';

/** Where the certificate comes from; undefined settings were a problem, which has been noted. */
export type LoadedTls =
  | { readonly kind: 'given'; readonly tls: TlsSettings | undefined }
  | { readonly kind: 'plain-http' }
  | { readonly kind: 'self-signed' };

/**
 * The files of `http.tls`; else the container's certificate where there is one; else, where config.yml says on which address
 * to listen, plain HTTP as in distribution; else a certificate of our own.
 */
export async function loadTls(context: LoadContext): Promise<LoadedTls> {
  const { layered, wellKnown, findings, watchedFiles } = context;
  const { certificate, key } = layered.document.http?.tls ?? {};
  if (certificate !== undefined) {
    const paths = new Set([certificate, key ?? certificate].map((path) => resolve(path)));
    return { kind: 'given', tls: await readTls(layered.label('http.tls.certificate'), [...paths], context) };
  }
  if (key !== undefined) {
    findings.problem(layered.label('http.tls.key'), 'expected http.tls.certificate beside it');
    return { kind: 'given', tls: undefined };
  }
  watchedFiles.add(wellKnown.certificate);
  if (await isPresent(wellKnown.certificate)) {
    return { kind: 'given', tls: await readTls(wellKnown.certificate, [wellKnown.certificate], context) };
  }
  return { kind: layered.fileSetsAddress ? 'plain-http' : 'self-signed' };
}

/**
 * What clients will not accept is only warned about: a cache that restarts after its certificate expired still starts, and
 * serves those that do not check it.
 */
async function readTls(
  key: string,
  paths: readonly string[],
  context: LoadContext,
): Promise<TlsSettings | undefined> {
  const { findings, nowMs, watchedFiles } = context;
  for (const path of paths) watchedFiles.add(path);
  const tls = await findings.attempt(key, async () => {
    const texts: string[] = [];
    for (const path of paths) texts.push(pemText(await readBinaryFile(path), path));
    return parseTls(texts.join('\n'), paths.join(' and '));
  });
  if (tls === undefined) return undefined;
  for (const problem of describeCertificate(tls, nowMs).problems)
    findings.warning(`${tls.source}: ${problem}`);
  return tls;
}
