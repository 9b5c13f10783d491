import type { RemovalReport } from '@registry-cache/control';
import { formatBytes, formatCount } from '../terminal/quantities.ts';

/** `quay.io/org/app:1.0 removed: 3 blobs of 12.0 MiB; 2 blobs stay, other images have them too` */
export function formatRemoval(image: string, { blobs, bytes, sharedBlobs }: RemovalReport): string {
  const freed = blobs === 0 ? 'no blob' : `${formatCount(blobs, 'blob')} of ${formatBytes(bytes)}`;
  const stays =
    sharedBlobs === 0
      ? ''
      : `; ${formatCount(sharedBlobs, 'blob')} ${sharedBlobs === 1 ? 'stays' : 'stay'}, other images have ${sharedBlobs === 1 ? 'it' : 'them'} too`;
  return `${image} removed: ${freed}${stays}`;
}
