import { createServer } from 'node:http';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished, describe, expect, test } from 'vitest';
import { freePort } from '../../src/demo/free-port.ts';
import { runInProcess } from '../support/run-in-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

async function serverAnswering(status: number): Promise<string> {
  const server = createServer((_, res) => res.writeHead(status).end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new TypeError('expected a TCP address');
  return `http://127.0.0.1:${address.port}/readyz`;
}

describe('health', () => {
  test('exits 0 when the cache is ready', async () => {
    const { exitCode, stdout, stderr } = await runInProcess(['health', '--url', await serverAnswering(200)]);
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });

  test('exits 1 and says so when it is not', async () => {
    const { exitCode, stderr } = await runInProcess(['health', '--url', await serverAnswering(503)]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('answered 503');
  });

  test('says so, without a stack, when what it should ask is no URL', async () => {
    const { exitCode, stderr } = await runInProcess(['health', '--url', 'nonsense']);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error: nonsense is no URL: .*$/);
  });

  test('asks where a configuration file says that the cache listens', async () => {
    const folder = await temporaryFolder();
    const { port } = new URL(await serverAnswering(200));
    const configFile = join(folder, 'config.yml');
    await writeFile(configFile, `version: 0.1\nhttp: {addr: ':${port}'}\n`);
    const { exitCode, stderr } = await runInProcess(['health', configFile], { HOME: folder });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  test('finds a cache well that has passed over a mistake in its files', async () => {
    const folder = await temporaryFolder();
    const { port } = new URL(await serverAnswering(200));
    const configFile = join(folder, 'config.yml');
    await writeFile(configFile, `version: 0.1\nhttp: {addr: ':${port}'}\npullsecret: /missing.json\n`);
    const { exitCode, stderr } = await runInProcess(['health', configFile], { HOME: folder });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  test('exits 1 when nobody listens where the environment says', async () => {
    const port = await freePort(0);
    const { exitCode, stderr } = await runInProcess(['health'], { REGISTRY_HTTP_ADDR: `0.0.0.0:${port}` });
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`https://127.0.0.1:${port}/readyz did not answer`);
  });
});
