export { ACCESS_EVENTS_MEDIA_TYPE, type AccessEvent, type AccessEventEnvelope } from './access-event.ts';
export type { CacheEvent, EvictEvent, FillFailedEvent } from './cache-event.ts';
export { DigestMismatchError } from './digest-mismatch.ts';
export { createFileStore } from './file-store.ts';
export type { FillFile } from './fill-file.ts';
export { createHistoryFile, type HistoryFile } from './history-file.ts';
export { layoutOf, upstreamFolder, type Layout, type Repository } from './layout.ts';
export type { Store, StoredBlob, StoredTag } from './store.ts';
export { createVerifier, type Verifier } from './verifier.ts';
