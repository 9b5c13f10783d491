import type { NotificationEndpoint } from '@registry-cache/config';
import { digestOf, OCI_MANIFEST } from '@registry-cache/oci';
import { createTally, type Tally } from '@registry-cache/runtime';
import { ACCESS_EVENTS_MEDIA_TYPE } from '@registry-cache/store';
import { expect, onTestFinished, test } from 'vitest';
import { findFreePort } from '../../../../test/support/free-port.ts';
import { createLogLines, type LogLine } from '../../../cleaner/test/support/log-lines.ts';
import { createNotifier, type Notifier } from '../../src/notifications/notifier.ts';
import type { UnknownEvent } from '../../src/parse-envelope.ts';
import { accessEvent } from '../support/access-events.ts';
import { endpointSettings, startEndpointServer } from '../support/endpoint-server.ts';

interface Fixture {
  readonly notifier: Notifier;
  readonly lines: LogLine[];
  readonly tally: Tally;
}

function startNotifier(...endpoints: readonly NotificationEndpoint[]): Fixture {
  const { log, lines } = createLogLines();
  const tally = createTally();
  const notifier = createNotifier(endpoints, { log, tally, random: () => 0 });
  onTestFinished(() => notifier.close());
  return { notifier, lines, tally };
}

const digest = digestOf(Buffer.from('a manifest'));

function pull(id: string, mediaType = OCI_MANIFEST): UnknownEvent {
  return { ...accessEvent({ digest, mediaType }), id };
}

function evict(id: string): UnknownEvent {
  return { id, action: 'evict', target: { mediaType: 'application/octet-stream', size: 1, digest } };
}

test('an endpoint gets the events in the envelope of distribution, with its headers', async () => {
  const server = await startEndpointServer();
  const { notifier } = startNotifier(
    endpointSettings(server.port, { headers: { 'x-token': ['one', 'two'] } }),
  );

  const events = [pull('a'), evict('b')];
  notifier.notify(events);

  await expect.poll(server.ids).toEqual(['a', 'b']);
  expect(server.envelopes[0]).toMatchObject({
    path: '/events',
    headers: { 'content-type': ACCESS_EVENTS_MEDIA_TYPE, 'x-token': 'one, two' },
    events,
  });
});

test('what a plain registry tells besides pulls is for endpoints of its own', async () => {
  const server = await startEndpointServer();
  const { notifier } = startNotifier(endpointSettings(server.port));

  notifier.notify([{ ...pull('pushed'), action: 'push' }, pull('pulled')]);

  await expect.poll(server.ids).toEqual(['pulled']);
});

test('an endpoint that fails and then does not gets everything once it does, in order', async () => {
  const server = await startEndpointServer({
    answer: (response, number) => void response.writeHead(number < 4 ? 500 : 200).end(),
  });
  const { notifier, lines, tally } = startNotifier(endpointSettings(server.port));

  notifier.notify([pull('a')]);
  await expect.poll(() => server.envelopes.length).toBeGreaterThan(0);
  notifier.notify([pull('b')]);

  await expect.poll(server.ids).toEqual(expect.arrayContaining(['b']));
  await notifier.close();
  const taken = server.envelopes.slice(4).flatMap(({ events }) => events.map(({ id }) => id));
  expect(taken).toEqual(['a', 'b']);
  expect(lines.filter(({ level }) => level !== 'debug')).toMatchObject([
    { level: 'warn', msg: 'notifications are not taken, trying again', endpoint: 'listener', failures: 2 },
    { level: 'info', msg: 'notifications are taken again', failures: 4 },
  ]);
  expect(tally.take()).toEqual([{ series: 'notifications_total', labels: ['listener', 'sent'], by: 2 }]);
});

test('an endpoint that is not there yet gets what happened before', async () => {
  const port = await findFreePort();
  const { notifier, lines } = startNotifier(endpointSettings(port));
  notifier.notify([pull('a')]);
  await expect.poll(() => lines).toContainEqual(expect.objectContaining({ level: 'warn', failures: 2 }));

  const server = await startEndpointServer({ port });

  await expect.poll(server.ids).toEqual(['a']);
});

test('an endpoint that does not answer keeps nobody else waiting', async () => {
  const hanging = await startEndpointServer({ answer: () => {} });
  const other = await startEndpointServer();
  const { notifier } = startNotifier(
    endpointSettings(hanging.port, { name: 'hanging', timeoutMs: 3_600_000 }),
    endpointSettings(other.port, { name: 'other' }),
  );

  notifier.notify([pull('a')]);
  await expect.poll(other.ids).toEqual(['a']);
  notifier.notify([pull('b')]);

  await expect.poll(other.ids).toEqual(['a', 'b']);
  expect(hanging.ids()).toEqual(['a']);
});

test('an endpoint that has not answered within its timeout is asked again', async () => {
  const server = await startEndpointServer({
    answer: (response, number) => void (number > 0 && response.end()),
  });
  const { notifier } = startNotifier(endpointSettings(server.port, { timeoutMs: 50 }));

  notifier.notify([pull('a')]);

  await expect.poll(server.ids).toEqual(expect.arrayContaining(['a', 'a']));
});

test('a redirect counts as taken and is not followed, so that headers stay where they belong', async () => {
  const elsewhere = await startEndpointServer();
  const location = `http://127.0.0.1:${elsewhere.port}/`;
  const server = await startEndpointServer({
    answer: (response) => void response.writeHead(307, { location }).end(),
  });
  const { notifier, lines } = startNotifier(
    endpointSettings(server.port, { headers: { authorization: ['Bearer secret'] } }),
  );

  notifier.notify([pull('a')]);
  await expect.poll(server.ids).toEqual(['a']);
  notifier.notify([pull('b')]);
  await expect.poll(server.ids).toEqual(['a', 'b']);
  await notifier.close();

  expect(elsewhere.envelopes).toEqual([]);
  expect(lines.filter(({ level }) => level === 'warn')).toMatchObject([{ status: 307 }]);
});

test('what an endpoint ignores is not sent to it', async () => {
  const server = await startEndpointServer();
  const { notifier } = startNotifier(
    endpointSettings(server.port, {
      ignoredActions: ['evict'],
      ignoredMediaTypes: ['application/octet-stream'],
    }),
  );

  notifier.notify([evict('evicted'), pull('blob', 'application/octet-stream'), pull('manifest')]);
  notifier.notify([pull('manifest with a parameter', `${OCI_MANIFEST}; charset=utf-8`)]);

  await expect.poll(server.ids).toEqual(['manifest', 'manifest with a parameter']);
});

test('new settings keep what was not sent, and send it at once', async () => {
  const refusing = await startEndpointServer({ answer: (response) => void response.writeHead(403).end() });
  const server = await startEndpointServer();
  const settings = endpointSettings(refusing.port, { threshold: 1, backoffMs: 3_600_000 });
  const { notifier, lines } = startNotifier(settings);
  notifier.notify([pull('a')]);
  await expect.poll(() => lines).toContainEqual(expect.objectContaining({ level: 'debug' }));

  await notifier.update([{ ...settings, url: `http://127.0.0.1:${server.port}/` }]);
  notifier.notify([pull('b')]);

  await expect.poll(server.ids).toEqual(['a', 'b']);
});

test('an endpoint that was taken out of the settings is told no more, and a new one is', async () => {
  const [first, second] = [await startEndpointServer(), await startEndpointServer()];
  const { notifier } = startNotifier(endpointSettings(first.port));
  notifier.notify([pull('a')]);

  await notifier.update([endpointSettings(second.port, { name: 'second' })]);
  notifier.notify([pull('b')]);

  await expect.poll(second.ids).toEqual(['b']);
  expect(first.ids()).toEqual(['a']);
});

test('closing gives an endpoint that hangs a bound of time, and counts what was lost', async () => {
  const server = await startEndpointServer({ answer: () => {} });
  const { notifier, lines, tally } = startNotifier(endpointSettings(server.port, { timeoutMs: 3_600_000 }));
  notifier.notify([pull('a'), pull('b')]);
  await expect.poll(server.ids).toEqual(['a', 'b']);

  await notifier.close();

  expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', dropped: 2 }));
  expect(tally.take()).toEqual([{ series: 'notifications_total', labels: ['listener', 'dropped'], by: 2 }]);
});

test('what an endpoint answers is never read to its end by somebody who waits', async () => {
  const server = await startEndpointServer({ answer: (response) => void response.write('for ever') });
  const { notifier } = startNotifier(endpointSettings(server.port));
  notifier.notify([pull('a')]);
  await expect.poll(server.ids).toEqual(['a']);

  notifier.notify([pull('b')]);

  await expect.poll(server.ids).toEqual(['a', 'b']);
});

test('headers, paths and queries are in no line, whatever goes wrong', async () => {
  const server = await startEndpointServer({ answer: (response) => void response.destroy() });
  const url = `http://127.0.0.1:${server.port}/hooks/secret-path?token=secret-query`;
  const { notifier, lines } = startNotifier(
    endpointSettings(server.port, { url, headers: { authorization: ['Bearer secret-header'] } }),
    endpointSettings(server.port, { name: 'wrong', url, headers: { 'x-token': ['secret-\nheader'] } }),
  );
  notifier.notify([pull('a')]);
  await expect.poll(() => lines.filter(({ level }) => level === 'warn')).toHaveLength(2);
  await notifier.close();

  expect(JSON.stringify(lines)).not.toContain('secret-');
});
