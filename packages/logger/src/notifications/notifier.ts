import { isDeepStrictEqual } from 'node:util';
import type { NotificationEndpoint } from '@registry-cache/config';
import { createEndpoint, type Endpoint, type EndpointOptions } from './endpoint.ts';
import { notificationsOf } from './notification.ts';
import type { UnknownEvent } from '../parse-envelope.ts';

/** Tells every endpoint of events; one that is away keeps neither the others nor anybody else waiting. */
export interface Notifier {
  /** @throws {InvalidEventsError} before anybody is told of anything */
  notify(events: readonly UnknownEvent[]): void;
  /** Endpoints keep what they have not sent yet, by their names. Resolves when those that are gone have sent it, within a bound of time. */
  update(endpoints: readonly NotificationEndpoint[]): Promise<void>;
  close(): Promise<void>;
}

interface NamedEndpoint {
  readonly settings: NotificationEndpoint;
  readonly endpoint: Endpoint;
}

export function createNotifier(initial: readonly NotificationEndpoint[], options: EndpointOptions): Notifier {
  const start = (settings: NotificationEndpoint): NamedEndpoint => ({
    settings,
    endpoint: createEndpoint(settings, options),
  });
  let current = new Map(initial.map((settings) => [settings.name, start(settings)]));

  const keepOrStart = (settings: NotificationEndpoint): NamedEndpoint => {
    const before = current.get(settings.name);
    if (before === undefined) return start(settings);
    if (!isDeepStrictEqual(before.settings, settings)) before.endpoint.update(settings);
    return { settings, endpoint: before.endpoint };
  };
  const update = async (endpoints: readonly NotificationEndpoint[]): Promise<void> => {
    const before = current;
    current = new Map(endpoints.map((settings) => [settings.name, keepOrStart(settings)]));
    const gone = [...before].filter(([name]) => !current.has(name));
    await Promise.all(gone.map(([, { endpoint }]) => endpoint.close()));
  };

  return {
    notify(events) {
      if (current.size === 0) return;
      for (const notification of notificationsOf(events))
        for (const { endpoint } of current.values()) endpoint.notify(notification);
    },
    update,
    close: () => update([]),
  };
}
