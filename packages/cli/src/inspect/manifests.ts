import type { Inspection } from '@registry-cache/control';
import { shortDigest } from '../terminal/digests.ts';
import { formatBytes } from '../terminal/quantities.ts';
import { formatTable, type Column } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { formatAgo } from '../terminal/time-spans.ts';

type Manifest = NonNullable<Inspection['image']>['manifests'][number];
type Blob = Manifest['blobs'][number];

const COLUMNS: readonly Column[] = [
  { title: 'WHAT', align: 'left' },
  { title: 'DIGEST', align: 'left' },
  { title: 'SIZE', align: 'right' },
  { title: 'STATE', align: 'left' },
  { title: 'PULLED', align: 'left' },
];

/** Below this a line has no room for whole digests. */
const WIDE_COLUMNS = 132;

/** Each manifest with what it names below it. */
export function formatManifests(manifests: readonly Manifest[], terminal: Terminal, nowMs: number): string[] {
  const digestOf = terminal.columns < WIDE_COLUMNS ? shortDigest : (digest: string): string => digest;
  const ago = (atMs: number | undefined): string => (atMs === undefined ? '-' : formatAgo(atMs, nowMs));
  const rows = manifests.flatMap((manifest) => [
    [
      [kindOfManifest(manifest), ...((manifest.platform ?? '') ? [manifest.platform ?? ''] : [])].join(' '),
      digestOf(manifest.digest),
      manifest.sizeBytes === undefined ? '-' : formatBytes(manifest.sizeBytes),
      formatStored(manifest.isStored, terminal),
      ago(manifest.pulledAtMs),
    ],
    ...manifest.blobs.map((blob) => [
      `  ${kindOfBlob(blob)}`,
      digestOf(blob.digest),
      formatBytes(blob.sizeBytes),
      formatBlobState(blob, terminal),
      ago(blob.pulledAtMs),
    ]),
  ]);
  const [title = '', ...lines] = formatTable(COLUMNS, rows);
  return [terminal.style('dim', title), ...lines];
}

function kindOfManifest({ mediaType }: Manifest): string {
  return /index|manifest\.list/.test(mediaType) ? 'index' : 'manifest';
}

/** By the last words of types such as `application/vnd.oci.image.config.v1+json`. */
function kindOfBlob({ mediaType }: Blob): string {
  if (/config|container\.image/.test(mediaType)) return 'config';
  return /layer|rootfs/.test(mediaType) ? 'layer' : 'blob';
}

function formatStored(isStored: boolean, terminal: Terminal): string {
  return isStored ? terminal.style('green', 'stored') : terminal.style('yellow', 'missing');
}

function formatBlobState({ isStored, isLinked }: Blob, terminal: Terminal): string {
  const stored = formatStored(isStored, terminal);
  return isStored && !isLinked ? `${stored}, to be confirmed for this repository` : stored;
}
