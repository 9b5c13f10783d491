import type { RemovalReport, StoredImage, StoredImageDetail } from '@registry-cache/store/images';
import type { RunningFill } from './status.ts';

/** `GET /api/v1/images?prefix=quay.io/org` */
export interface ImageList {
  readonly images: readonly ListedImage[];
}

export interface ListedImage extends StoredImage {
  readonly isPinned: boolean;
}

/** `GET /api/v1/image?name=quay.io/org/app:1.0` */
export interface Inspection {
  /** As it was asked for, in full: `docker.io/library/alpine:latest`. */
  readonly name: string;
  readonly isPinned: boolean;
  /** By which patterns. */
  readonly pins: readonly string[];
  /** Undefined where nothing of it is stored. */
  readonly image: StoredImageDetail | undefined;
  readonly fills: readonly RunningFill[];
  /** What the next pull of it would be, in order of its requests. */
  readonly nextPull: 'hit' | 'revalidated' | 'miss';
  /** Why it is not a hit: sentences for people. */
  readonly reasons: readonly string[];
}

/** `DELETE /api/v1/image?name=…` */
export type { RemovalReport };
