import type { StoredImage } from '@registry-cache/store/images';
import type { JSX } from 'preact';
import { formatCounted } from '../quantities.ts';

/** Whether all of it is here. */
export function ImageState({ image: { state, missingBlobs } }: { readonly image: StoredImage }): JSX.Element {
  switch (state) {
    case 'complete':
      return <span class="badge good">complete</span>;
    case 'partial':
      return (
        <span class="badge warn" title={`${formatCounted(missingBlobs, 'blob')} missing`}>
          partial
        </span>
      );
    case 'evicted':
      return <span class="badge idle">evicted</span>;
  }
}
