import type { NotificationEndpoint } from '@registry-cache/config';
import type { Logger } from '@registry-cache/runtime';
import { ACCESS_EVENTS_MEDIA_TYPE } from '@registry-cache/store';
import { createEndpointClient } from './endpoint-client.ts';

/** Delivers envelopes to one endpoint, and knows how long it is to be left alone after it has taken none. */
export interface Delivery {
  /** Rejects when the envelope was not taken: by a status of 2xx or 3xx. */
  deliver(envelope: string): Promise<void>;
  retryDelayMs(): number;
  /** Failures so far count no more. */
  update(settings: NotificationEndpoint): void;
  /** Breaks off what is on its way. */
  close(): void;
}

export interface DeliveryOptions {
  /** Its fields say which endpoint it is. */
  readonly log: Logger;
  /** From 0 to 1. */
  readonly random: () => number;
}

const PAUSE_MS = 100;

export function createDelivery(initial: NotificationEndpoint, options: DeliveryOptions): Delivery {
  const { log, random } = options;
  const client = createEndpointClient(ACCESS_EVENTS_MEDIA_TYPE);
  let settings = initial;
  let failures = 0;
  let isRedirecting = false;
  const isAway = (): boolean => failures >= settings.threshold;

  const failed = (err: unknown): void => {
    failures += 1;
    // Neither path nor query: they may be secrets.
    if (failures === settings.threshold)
      log.warn({ err, host: hostOf(settings), failures }, 'notifications are not taken, trying again');
  };
  const taken = (status: number): void => {
    if (isAway()) log.info({ failures }, 'notifications are taken again');
    failures = 0;
    if (status >= 300 && !isRedirecting)
      log.warn({ status }, 'endpoint redirects, which counts as taken: set the address that it redirects to');
    isRedirecting = status >= 300;
  };

  return {
    async deliver(envelope) {
      try {
        taken(await postOnce(envelope));
      } catch (err) {
        failed(err);
        throw err;
      }
    },
    retryDelayMs: () => (isAway() ? settings.backoffMs * (1 + random() / 2) : PAUSE_MS),
    update(changed) {
      settings = changed;
      failures = 0;
    },
    close: () => client.close(),
  };

  async function postOnce(envelope: string): Promise<number> {
    const status = await client.post(settings, envelope);
    if (status >= 200 && status <= 399) return status;
    throw new Error(`post events to ${hostOf(settings)}: expected a status of 2xx, got ${status}`);
  }
}

function hostOf({ url }: NotificationEndpoint): string {
  return new URL(url).host;
}
