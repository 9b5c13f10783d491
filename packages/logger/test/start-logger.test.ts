import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { digestOf } from '@registry-cache/oci';
import { createTally, type Logger, type RunningProcess } from '@registry-cache/runtime';
import type { LoggerSettings } from '@registry-cache/config';
import { expect, onTestFinished, test } from 'vitest';
import { createLogLines, type LogLine } from '../../cleaner/test/support/log-lines.ts';
import { createStoreFolder, DAY_MS, type StoreFolder } from '../../store/test/support/store-folder.ts';
import { startLogger } from '../src/start-logger.ts';
import { accessEvent, envelopeOf } from './support/access-events.ts';
import { postEvents } from './support/post-events.ts';

const OLD_MS = Date.now() - DAY_MS;
const OLD = { accessedAtMs: OLD_MS, filledAtMs: OLD_MS };

interface Fixture {
  readonly store: StoreFolder;
  readonly socketPath: string;
  readonly settings: LoggerSettings;
  readonly logger: RunningProcess<LoggerSettings>;
  readonly log: Logger;
  readonly lines: LogLine[];
}

interface StartOptions extends Partial<LoggerSettings> {
  readonly store?: StoreFolder;
}

async function start({ store, ...changes }: StartOptions = {}): Promise<Fixture> {
  const folder = store ?? (await createStoreFolder());
  const socketPath = join(folder.rootDirectory, 'logger.sock');
  const { log, lines } = createLogLines();
  const settings: LoggerSettings = {
    logLevel: 'debug',
    rootDirectory: folder.rootDirectory,
    socketPath,
    access: { format: 'json', blobs: false },
    notifications: [],
    ...changes,
  };
  const logger = await startLogger(settings, { log, tally: createTally() });
  onTestFinished(() => logger.close());
  return { store: folder, socketPath, settings, logger, log, lines };
}

async function accessTime(store: StoreFolder, digest: ReturnType<typeof digestOf>): Promise<number> {
  return Math.round((await stat(store.blobPath(digest))).atimeMs);
}

test('pulls are taken, logged and recorded, and closing waits for the last of them', async () => {
  const { store, socketPath, logger, lines } = await start();
  const layer = await store.writeBlob('layer', OLD);
  const manifest = await store.writeBlob(
    JSON.stringify({ schemaVersion: 2, layers: [{ digest: layer }] }),
    OLD,
  );
  const atMs = Date.now() - 1_000;

  const events = [accessEvent({ digest: manifest, atMs, tag: 'latest' })];
  expect(await postEvents(socketPath, JSON.stringify({ events }))).toEqual({ status: 200, body: '' });
  await logger.close();

  expect(await accessTime(store, manifest)).toBe(atMs);
  expect(await accessTime(store, layer)).toBe(atMs);
  expect(lines).toMatchObject([{ msg: 'pull', level: 'info', image: 'quay.io/org/image:latest' }]);
});

test('a request that was refused is logged, and is no access', async () => {
  const { store, socketPath, logger, lines } = await start();
  const layer = await store.writeBlob('layer', OLD);

  await postEvents(
    socketPath,
    JSON.stringify({ events: [accessEvent({ digest: layer, cache: { status: 403 } })] }),
  );
  await logger.close();

  expect(await accessTime(store, layer)).toBe(OLD_MS);
  expect(lines).toMatchObject([{ status: 403 }]);
});

test('without an access log pulls are recorded all the same, and failures are not logged either', async () => {
  const { store, socketPath, settings, logger, lines } = await start();
  const { access: _, ...silent } = settings;
  await logger.reload?.(silent);
  const layer = await store.writeBlob('layer', OLD);
  const atMs = Date.now() - 1_000;

  await postEvents(
    socketPath,
    envelopeOf(accessEvent({ digest: layer, atMs }), accessEvent({ digest: layer, cache: { status: 502 } })),
  );
  await logger.close();

  expect(await accessTime(store, layer)).toBe(atMs);
  expect(lines).toEqual([]);
});

test('new settings change the form of the next line', async () => {
  const { socketPath, settings, logger, lines } = await start();
  const envelope = envelopeOf(accessEvent({ digest: digestOf(Buffer.from('manifest')) }));

  await postEvents(socketPath, envelope);
  await logger.reload?.({ ...settings, access: { format: 'text', blobs: false } });
  await postEvents(socketPath, envelope);

  expect(lines.map((line) => 'accessLine' in line)).toEqual([false, true]);
});

test('an envelope with one wrong event is refused as a whole', async () => {
  const { socketPath, logger, lines } = await start();
  const good = accessEvent({ digest: digestOf(Buffer.from('manifest')) });

  const { status } = await postEvents(socketPath, envelopeOf(good, { action: 'pull' }));
  await logger.close();

  expect(status).toBe(400);
  expect(lines).toMatchObject([{ msg: 'events not understood' }]);
});

test('a body that is no envelope gets 400 and the reason, and the next one is taken', async () => {
  const { socketPath, lines } = await start();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());

  const refused = await postEvents(socketPath, '{"events":7}', { agent });
  expect(refused.status).toBe(400);
  expect(refused.body).toContain('events');
  expect((await postEvents(socketPath, '{"events":[]}', { agent })).status).toBe(200);

  expect(lines).toMatchObject([{ level: 'warn', msg: 'events not understood' }]);
});

test('a body of more than 1 MiB gets 413, and the next one is taken', async () => {
  const { socketPath } = await start();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const long = JSON.stringify({ events: [], x: 'x'.repeat(4 * 1024 * 1024) });

  expect((await postEvents(socketPath, long, { agent })).status).toBe(413);
  expect((await postEvents(socketPath, '{"events":[]}', { agent })).status).toBe(200);
});

test('anything but a POST gets 405', async () => {
  const { socketPath } = await start();

  expect((await postEvents(socketPath, '', { method: 'PUT' })).status).toBe(405);
});

test('a sender that leaves in the middle of a request is nobody else’s trouble', async () => {
  const { socketPath } = await start();
  const leaving = request({ socketPath, method: 'POST', headers: { 'content-length': 100 } });
  leaving.on('error', () => {});
  leaving.write('{"events"');
  await once(leaving, 'socket');
  leaving.destroy();

  expect((await postEvents(socketPath, '{"events":[]}')).status).toBe(200);
});

test('only the same user may connect', async () => {
  const { socketPath } = await start();

  expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
});

test('the socket that a killed logger left is replaced', async () => {
  const store = await createStoreFolder();
  const socketPath = join(store.rootDirectory, 'logger.sock');
  const stale = createServer().listen(socketPath);
  await once(stale, 'listening');
  onTestFinished(() => void stale.close());

  await start({ store });

  expect((await postEvents(socketPath, '{"events":[]}')).status).toBe(200);
});

test('closing does not wait for connections that are kept alive', async () => {
  const { socketPath, logger } = await start();
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  await postEvents(socketPath, '{"events":[]}', { agent });

  await expect(logger.close()).resolves.toBeUndefined();
});
