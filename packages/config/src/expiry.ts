import type { DownstreamOptions } from './downstream-options.ts';
import type { Findings } from './findings.ts';
import type { LoadContext } from './load-context.ts';
import type { LayeredDocument } from './read-document.ts';
import type { ExpirySettings } from './settings.ts';

/** When blobs expire by `cleaner`, or by the options of the middleware `downstream`. */
export function findExpiry({ layered, findings }: LoadContext): ExpirySettings | undefined {
  const { document, downstream } = layered;
  if (downstream !== undefined) checkDownstream(downstream, layered, findings);
  const { blobttl, blobttlfrom } = document.cleaner ?? {};
  const blobTtlMs = downstream?.blobTtlMs ?? blobttl;
  const from = downstream?.blobTtlFrom ?? blobttlfrom;
  if (blobTtlMs !== undefined) return { blobTtlMs, from: from ?? 'fetched' };
  if (from !== undefined) {
    const key =
      downstream?.blobTtlFrom === undefined
        ? layered.label('cleaner.blobttlfrom')
        : `${downstream.key}.blobttlfrom`;
    findings.warning(`${key} has no effect: without blobttl beside it blobs do not expire`);
  }
  return undefined;
}

function checkDownstream(
  { key, blobTtlMs, blobTtlFrom }: DownstreamOptions,
  { document, label }: LayeredDocument,
  findings: Findings,
): void {
  if (blobTtlMs !== undefined && document.storage?.delete?.enabled !== true) {
    findings.problem(
      `${key}.blobttl`,
      'expected storage.delete.enabled: true beside it, since blobs are deleted once their time is over',
    );
  }
  const { blobttl, blobttlfrom } = document.cleaner ?? {};
  const both = [
    ...(blobTtlMs === undefined || blobttl === undefined ? [] : ['blobttl']),
    ...(blobTtlFrom === undefined || blobttlfrom === undefined ? [] : ['blobttlfrom']),
  ];
  for (const name of both) {
    findings.problem(label(`cleaner.${name}`), `expected it once: ${key}.${name} says it too`);
  }
}
