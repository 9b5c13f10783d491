import type { ProxySettings } from '@registry-cache/config';
import { entryPoint } from '@registry-cache/runtime';
import { execFile, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import { connectRaw, fetchAnswer } from '../../packages/proxy/test/support/client.ts';
import { upstream } from '../../packages/proxy/test/support/proxy.ts';
import { startWorker } from '../../packages/proxy/test/support/worker.ts';

const PATH = '/v2/quay.io/org/image/manifests/v1';
const PULLS = 30;
// For some of the pulls, and not for all of them with their connections to the worker.
const FREE_DESCRIPTORS = 20;

test(
  'a process without free descriptors goes on, and serves again when there are some',
  { timeout: 30_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'shortage-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const socketPath = join(folder, 'worker.sock');
    let answering = false;
    await startWorker(socketPath, (_request, response) => {
      if (answering) response.end('whole');
    });
    const port = await findFreePort();
    const { child, logLines } = await startProcess({
      logLevel: 'info',
      rootDirectory: join(folder, 'data'),
      http: { host: '127.0.0.1', port, drainTimeoutMs: 100 },
      upstreams: [upstream('quay.io', socketPath)],
      tokenSecret: 'sealed',
      pseudonym: 'registry-cache-1',
      loggerSocketPath: join(folder, 'logger.sock'),
    });

    expect((await fetchAnswer(port, '/readyz')).status).toBe(200);
    await limitDescriptors(child.pid ?? 0);
    const pulls: Socket[] = [];
    for (let count = 0; count < PULLS; count += 1) {
      const socket = await connectRaw(port);
      socket.on('error', () => {}).resume();
      socket.write(`GET ${PATH} HTTP/1.1\r\nHost: x\r\n\r\n`);
      pulls.push(socket);
    }
    await vi.waitFor(() => expect(JSON.stringify(logLines)).toContain('EMFILE'), 10_000);
    for (const socket of pulls) socket.destroy();
    await vi.waitFor(async () => expect((await fetchAnswer(port, '/readyz')).status).toBe(200), 10_000);

    answering = true;
    expect((await fetchAnswer(port, PATH)).status).toBe(200);
    expect(child.exitCode).toBe(null);
    const shortages = logLines.filter(({ level }) => level === 'error' || level === 'fatal');
    // One line for each kind of refusal, however many connections it was.
    expect(new Set(shortages.map(({ msg }) => msg)).size).toBe(shortages.length);
  },
);

async function startProcess(
  settings: ProxySettings,
): Promise<{ child: ChildProcess; logLines: Record<string, unknown>[] }> {
  const child = fork(entryPoint('proxy'), { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const logLines: Record<string, unknown>[] = [];
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => logLines.push(JSON.parse(line)));
  }
  child.send({ type: 'start', settings });
  expect(await once(child, 'message')).toEqual([{ type: 'ready' }, undefined]);
  return { child, logLines };
}

/** Of a running process: starting needs many more for a moment, to read its modules. */
async function limitDescriptors(pid: number): Promise<void> {
  const open = (await readdir(`/proc/${pid}/fd`)).length;
  const limit = open + FREE_DESCRIPTORS;
  await promisify(execFile)('prlimit', ['--pid', String(pid), `--nofile=${limit}:${limit}`]);
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
