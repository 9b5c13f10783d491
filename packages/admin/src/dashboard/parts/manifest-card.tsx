import type { ImageBlob, StoredManifest } from '@registry-cache/store/images';
import type { JSX } from 'preact';
import { formatBytes, shortenDigest } from '../quantities.ts';
import { Moment } from './moment.tsx';

/** A manifest, and each blob that it names. */
export function ManifestCard({
  manifest,
  nowMs,
}: {
  readonly manifest: StoredManifest;
  readonly nowMs: number;
}): JSX.Element {
  const { digest, platform, mediaType, isStored, blobs } = manifest;
  return (
    <section class="card">
      <header>
        <h2>{platform ?? (blobs.length === 0 ? 'Index' : 'Manifest')}</h2>
        <span class={`badge ${isStored ? 'good' : 'idle'}`}>{isStored ? 'stored' : 'not stored'}</span>
      </header>
      <p class="note">
        <code>{digest}</code> {mediaType}
      </p>
      {blobs.length > 0 && (
        <div
          class="scroll"
          tabIndex={0}
          role="region"
          aria-label={`Blobs of ${platform ?? shortenDigest(digest)}`}
        >
          <BlobTable blobs={blobs} nowMs={nowMs} />
        </div>
      )}
    </section>
  );
}

function BlobTable({
  blobs,
  nowMs,
}: {
  readonly blobs: readonly ImageBlob[];
  readonly nowMs: number;
}): JSX.Element {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Blob</th>
          <th scope="col">Kind</th>
          <th scope="col" class="number">
            Size
          </th>
          <th scope="col">State</th>
          <th scope="col">Last pull</th>
          <th scope="col">Fetched</th>
        </tr>
      </thead>
      <tbody>
        {blobs.map((blob) => (
          <Blob key={blob.digest} blob={blob} nowMs={nowMs} />
        ))}
      </tbody>
    </table>
  );
}

function Blob({ blob, nowMs }: { readonly blob: ImageBlob; readonly nowMs: number }): JSX.Element {
  return (
    <tr>
      <th scope="row">
        <code title={blob.digest}>{shortenDigest(blob.digest)}</code>
      </th>
      <td class="muted">{kindOf(blob.mediaType)}</td>
      <td class="number">{formatBytes(blob.sizeBytes)}</td>
      <td>
        <BlobState blob={blob} />
      </td>
      <td>
        <Moment atMs={blob.pulledAtMs} nowMs={nowMs} />
      </td>
      <td>
        <Moment atMs={blob.filledAtMs} nowMs={nowMs} />
      </td>
    </tr>
  );
}

function BlobState({ blob: { isStored, isLinked } }: { readonly blob: ImageBlob }): JSX.Element {
  if (!isStored) return <span class="badge warn">missing</span>;
  if (isLinked) return <span class="badge good">stored</span>;
  return (
    <span
      class="badge idle"
      title="Stored for another repository: the upstream is asked whether this one has it too"
    >
      unproven
    </span>
  );
}

/** `application/vnd.oci.image.layer.v1.tar+gzip` → `layer.v1.tar+gzip` */
function kindOf(mediaType: string): string {
  return mediaType.replace(/^application\/vnd\.(?:oci\.image\.|docker\.(?:image\.|container\.)?)?/u, '');
}
