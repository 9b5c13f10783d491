import { expect, test } from 'vitest';
import { startTestProxy } from '../support/proxy.ts';

test('a port that another process has is named, with what to do', async () => {
  const { port } = await startTestProxy();
  const http = { host: '127.0.0.1', port, drainTimeoutMs: 5000 };
  await expect(startTestProxy({ http })).rejects.toThrowError(
    `cannot listen on 127.0.0.1:${port}: another process has this port: stop it, or set http.addr`,
  );
});
