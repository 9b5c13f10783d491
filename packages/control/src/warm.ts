/** `POST /api/v1/warm`, answered by `WarmEvent`s, one JSON text to a line. A client that leaves ends the job; what is there stays. */
export interface WarmRequest {
  /** With tag or digest; a tag may be a pattern: `quay.io/org/app:1.*`. */
  readonly images: readonly string[];
  /** `linux/amd64`; all of an index where left out. */
  readonly platforms?: readonly string[];
  /** How many images at a time. */
  readonly concurrency: number;
  /** Of all together. */
  readonly bytesPerSecond?: number;
}

export type WarmEvent =
  /** An image, or one that a pattern stands for, is begun. */
  | { readonly type: 'started'; readonly image: string }
  /** How far it is; the total grows as manifests are read. */
  | {
      readonly type: 'progress';
      readonly image: string;
      readonly bytesDone: number;
      readonly bytesTotal: number;
    }
  | {
      readonly type: 'done';
      readonly image: string;
      readonly digest: string;
      readonly bytesTotal: number;
      /** What the upstream had to send; 0 where everything was there. */
      readonly bytesFetched: number;
      readonly durationMs: number;
    }
  | { readonly type: 'failed'; readonly image: string; readonly problem: string };
