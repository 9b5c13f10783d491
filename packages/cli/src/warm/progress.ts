import type { WarmEvent } from '@registry-cache/control';

/** Shows how far warming is. */
export interface WarmProgress {
  take(event: WarmEvent): void;
  /** No event comes any more. */
  close(): void;
}
