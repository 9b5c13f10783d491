import { buffer } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startLoopbackServer } from './support/loopback-server.ts';
import { DIGEST, NAME, patiently, registryOf, upstreamErrorOf } from './support/registry-of.ts';

describe('a body', () => {
  it('that trickles is a timeout, though it is never idle', async () => {
    const upstream = await startLoopbackServer((response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('.'), 5);
      onTestFinished(() => clearInterval(timer));
    });
    const registry = registryOf(upstream.origin, { timeouts: { slowBodyMs: 50 } });
    const blob = await registry.blobGet(NAME, DIGEST, patiently());
    if (blob === undefined) throw new Error('expected a blob');
    const error = await upstreamErrorOf(buffer(blob.body));
    expect(error.code).toBe('timeout');
    expect(error.message).toMatch(/sent less than 61440 bytes of a body in 0.05 s/);
  });

  it('that nobody reads for a while is not slow', async () => {
    const bytes = Buffer.alloc(4 * 1024 * 1024, 'registry');
    const upstream = await startLoopbackServer((response) => response.end(bytes));
    const registry = registryOf(upstream.origin, { timeouts: { slowBodyMs: 100 } });
    const blob = await registry.blobGet(NAME, DIGEST, patiently());
    blob?.body.read(0);
    await new Promise((resolve) => setTimeout(resolve, 350));
    expect(blob?.body).toMatchObject({ destroyed: false, errored: null });
    blob?.body.destroy();
  });
});
