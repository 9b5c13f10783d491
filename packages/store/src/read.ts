export { ACCESS_EVENTS_MEDIA_TYPE, type AccessEvent, type AccessEventEnvelope } from './access-event.ts';
export { createBlobReader, type BlobReader, type BlobReaderOptions } from './read/blob-reader.ts';
export type { OpenBlob } from './read/open-blob.ts';
