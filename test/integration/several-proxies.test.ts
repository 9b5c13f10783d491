import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { expect, test } from 'vitest';
import { runCommand } from '../support/cache/run-command.ts';
import type { RunningCache } from '../support/cache/running-cache.ts';
import { prepareCache } from '../support/cache/start-cache.ts';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { pullImage } from '../support/client/pull-image.ts';
import { closeAfterAll, closeAtEnd } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { addColdImage } from '../support/image/cold-image.ts';

const KILLS = 4;
/** What a client sees of a process that dies while it is answered. */
const BROKEN: readonly unknown[] = ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'];

const TWO = { REGISTRY_HTTP_PROCESSES: '2' };
const { ca, cache, client, upstream } = await startCachedUpstream(closeAfterAll(), { env: TWO });

async function proxiesOf(cache: RunningCache): Promise<number[]> {
  return (await cache.children()).filter(({ name }) => name === 'proxy').map(({ pid }) => pid);
}

function linesOf({ log }: RunningCache, msg: string): RunningCache['log']['lines'] {
  return log.lines.filter((line) => line.msg === msg);
}

test('two processes share the port, and what both of them answer is in the log of pulls', async () => {
  expect(await proxiesOf(cache)).toHaveLength(2);
  const image = addColdImage(upstream, 'shared-port');
  for (let pulls = 0; pulls < 10; pulls++) await pullImage(cache.client(), image.name, 'v1');
  await eventually('every pull is in the log', () => linesOf(cache, 'pull').length === 10);
  expect(new Set(linesOf(cache, 'listening').map(({ number }) => number))).toEqual(new Set(['1', '2']));
});

test('a new certificate is shown by both', async () => {
  const replacement = await ca.issue();
  await cache.folder.writeCertificate(replacement);
  await eventually('it is read by both', () => linesOf(cache, 'settings reloaded').length === 2);
  const { fingerprint256 } = new X509Certificate(replacement.certificate);
  for (let connections = 0; connections < 20; connections++) {
    expect(await fingerprintOf(cache.port, ca.certificate)).toBe(fingerprint256);
  }
});

test('connections wait for the next life when all of them are killed at once', async () => {
  const image = addColdImage(upstream, 'all-killed');
  await pullImage(client, image.name, 'v1');
  for (const pid of await proxiesOf(cache)) process.kill(pid, 'SIGKILL');
  await expect(pullImage(cache.client(), image.name, 'v1')).resolves.toBeDefined();
});

test(
  'one that is killed again and again breaks what it answers, and nobody is refused',
  { timeout: 120_000 },
  async () => {
    const image = addColdImage(upstream, 'killed-proxies', { layers: [400_000] });
    const problems: string[] = [];
    let pulls = 0;
    let over = false;
    const pullAgainAndAgain = async (): Promise<void> => {
      while (!over) {
        // A connection of its own each time.
        const newcomer = cache.client();
        await pullImage(newcomer, image.name, 'v1').then(
          () => (pulls += 1),
          (err: unknown) => {
            if (!isBroken(err)) problems.push(String(err));
          },
        );
        await newcomer.close();
        await sleep(20);
      }
    };
    const clients = Array.from({ length: 4 }, () => pullAgainAndAgain());
    for (let kills = 0; kills < KILLS; kills++) {
      const before = await proxiesOf(cache);
      const [killed = 0] = kills % 2 === 0 ? before : before.toReversed();
      const pulledBefore = pulls;
      process.kill(killed, 'SIGKILL');
      await eventually('another one is in its place', async () => {
        const now = await proxiesOf(cache);
        return now.length === 2 && !now.includes(killed);
      });
      await eventually('pulls go on', () => pulls > pulledBefore);
    }
    over = true;
    await Promise.all(clients);
    expect(problems).toEqual([]);
    await expect(pullImage(cache.client(), image.name, 'v1')).resolves.toBeDefined();
  },
);

test('SIGTERM ends all of them, and new connections are refused', async () => {
  await client.get('/v2/');
  await cache.stop();
  const refused = cache.client().get('/v2/');
  await expect(refused).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('a port that somebody else has is named', async () => {
  const { folder, port: taken } = await prepareCache({ upstreams: { 'quay.io': { url: upstream.origin } } });
  closeAtEnd({ close: () => folder.remove() });
  const other = createServer().listen(taken, '127.0.0.1');
  closeAtEnd({ close: async () => void other.close() });
  await once(other, 'listening');
  const { exitCode, stdout } = await runCommand(['serve', folder.configFile], TWO, folder.root);
  expect(exitCode).toBe(1);
  expect(stdout).toContain('another process has this port: stop it, or set http.addr');
});

/** Of a client whose process has died: its connection was there. */
function isBroken(err: unknown): boolean {
  if (!(err instanceof Error)) return false;
  if (err.message.includes('the connection broke within the body')) return true;
  return 'code' in err && BROKEN.includes(err.code);
}

async function fingerprintOf(port: number, ca: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, ca });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}
