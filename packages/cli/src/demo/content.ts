import { digestOf, type Digest } from '@registry-cache/oci';

/** Bytes as a registry holds them: under a media type, found by their digest. */
export interface Content {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

export function contentOf(mediaType: string, bytes: Uint8Array): Content {
  return { mediaType, digest: digestOf(bytes), bytes };
}

export function jsonContent(mediaType: string, document: object): Content {
  return contentOf(mediaType, Buffer.from(JSON.stringify(document)));
}
