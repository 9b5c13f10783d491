import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCertificateAuthority } from '../../../../test/support/certificates.ts';
import { startLoopbackServer } from './support/loopback-server.ts';
import { LATEST, NAME, patiently, registryOf, upstreamErrorOf } from './support/registry-of.ts';

interface TunnelProxy {
  readonly url: string;
  readonly tunnels: readonly string[];
}

async function startTunnelProxy({ refuses = false } = {}): Promise<TunnelProxy> {
  const tunnels: string[] = [];
  const server: Server = createServer();
  server.on('connect', (request, client) => {
    tunnels.push(request.url ?? '');
    if (refuses) {
      client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    const [host = '', port] = (request.url ?? '').split(':');
    const target = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      target.pipe(client).pipe(target);
    });
    target.on('error', () => client.destroy());
    client.on('error', () => target.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, tunnels };
}

describe('outbound proxies', () => {
  it('https goes through a tunnel, and a private CA counts inside it', async () => {
    const ca = await createCertificateAuthority();
    const upstream = await startLoopbackServer((response) => response.end('{}'), await ca.issue());
    const proxy = await startTunnelProxy();
    const registry = registryOf(upstream.origin, {
      cas: [ca.certificate],
      outboundProxy: { httpsProxy: proxy.url },
    });
    expect(await registry.manifestGet(NAME, LATEST, patiently())).toBeDefined();
    expect(proxy.tunnels).toEqual([`127.0.0.1:${upstream.port}`]);
  });

  it('http is forwarded without a tunnel', async () => {
    const proxy = await startLoopbackServer((response) => response.end('{}'));
    const registry = registryOf('http://registry.example.com', {
      outboundProxy: { httpProxy: proxy.origin },
    });
    expect(await registry.manifestGet(NAME, LATEST, patiently())).toBeDefined();
    expect(proxy.requests[0]?.target).toBe('http://registry.example.com/v2/org/app/manifests/latest');
    expect(proxy.requests[0]?.headers.host).toBe('registry.example.com');
  });

  it('the proxy of http is not the proxy of https', async () => {
    const ca = await createCertificateAuthority();
    const upstream = await startLoopbackServer((response) => response.end('{}'), await ca.issue());
    const registry = registryOf(upstream.origin, {
      cas: [ca.certificate],
      outboundProxy: { httpProxy: 'http://127.0.0.1:1' },
    });
    expect(await registry.manifestGet(NAME, LATEST, patiently())).toBeDefined();
  });

  it('a host of noProxy is asked directly', async () => {
    const upstream = await startLoopbackServer((response) => response.end('{}'));
    const registry = registryOf(upstream.origin, {
      outboundProxy: { httpProxy: 'http://127.0.0.1:1', noProxy: 'localhost,127.0.0.1' },
    });
    expect(await registry.manifestGet(NAME, LATEST, patiently())).toBeDefined();
  });

  it('a proxy that gives no tunnel is called so', async () => {
    const proxy = await startTunnelProxy({ refuses: true });
    const registry = registryOf('https://registry.example.com', { outboundProxy: { httpsProxy: proxy.url } });
    const error = await upstreamErrorOf(registry.manifestGet(NAME, LATEST, patiently()));
    expect(error.code).toBe('unreachable');
    expect(error.message).toContain('the outbound proxy gave no tunnel to registry.example.com');
  });
});
