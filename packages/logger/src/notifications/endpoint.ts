import type { NotificationEndpoint } from '@registry-cache/config';
import { createEventQueue, type Logger, type Tally } from '@registry-cache/runtime';
import { createDelivery } from './delivery.ts';
import type { Notification } from './notification.ts';

/** Sends events to one address, in their order, until they are taken. */
export interface Endpoint {
  /** Returns at once. */
  notify(notification: Notification): void;
  /** What is still to be sent goes by the new settings, at once. */
  update(settings: NotificationEndpoint): void;
  /** Sends what is left, within a bound of time. */
  close(): Promise<void>;
}

export interface EndpointOptions {
  readonly log: Logger;
  readonly tally: Pick<Tally, 'add'>;
  /** From 0 to 1; at random unless told. */
  readonly random?: () => number;
}

/**
 * Envelopes are POSTed one after another. One that is not taken is sent again after 100 ms; from `threshold` failures in a row on after
 * `backoffMs` and up to half of it more, so that many caches do not come back at once. The newest ten thousand events are kept meanwhile.
 *
 * @see distribution, "Notifications"
 */
export function createEndpoint(initial: NotificationEndpoint, options: EndpointOptions): Endpoint {
  const { tally, random = Math.random } = options;
  const { name } = initial;
  const log = options.log.child({ endpoint: name });
  const delivery = createDelivery(initial, { log, random });
  let settings = initial;

  const queue = createEventQueue<Notification>({
    async send(batch) {
      await delivery.deliver(`{"events":[${batch.map(({ json }) => json).join(',')}]}`);
      tally.add('notifications_total', [name, 'sent'], batch.length);
    },
    log,
    onDropped: (count) => tally.add('notifications_total', [name, 'dropped'], count),
    retryDelayMs: () => delivery.retryDelayMs(),
  });

  return {
    notify(notification) {
      const { ignoredActions, ignoredMediaTypes } = settings;
      if (ignoredActions.includes(notification.action)) return;
      if (ignoredMediaTypes.includes(notification.mediaType)) return;
      queue.push(notification);
    },
    update(changed) {
      settings = changed;
      delivery.update(changed);
      queue.retry();
    },
    async close() {
      await queue.close();
      delivery.close();
    },
  };
}
