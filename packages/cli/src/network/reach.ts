import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { authorityOf, type Deadline, type Endpoint, hostOf, portOf } from './endpoint.ts';
import { NetworkFailure, networkFailure } from './network-failure.ts';
import { proxyAuthorization } from './outbound-proxy.ts';
import { describeUrl } from './describe-url.ts';
import { startTls } from './tls-peer.ts';

export interface ReachOptions {
  readonly url: URL;
  readonly endpoint: Endpoint;
  /** On the way, where there is one. */
  readonly proxy: URL | undefined;
  readonly deadline: Deadline;
}

/**
 * A connection that ends at the server's TCP port: direct, or by the tunnel of an outbound proxy. For plain HTTP it ends at the
 * proxy, which is then asked for the whole URL. The caller destroys it.
 *
 * @throws {NetworkFailure}
 */
export async function reach(options: ReachOptions): Promise<Socket> {
  const { url, proxy } = options;
  if (proxy === undefined) return connectTcp(url, options);
  const transport = await connectTcp(proxy, options);
  const toProxy = proxy.protocol === 'https:' ? await encryptProxy(transport, proxy, options) : transport;
  return url.protocol === 'https:' ? openTunnel(toProxy, proxy, options) : toProxy;
}

async function connectTcp(url: URL, { endpoint, proxy, deadline }: ReachOptions): Promise<Socket> {
  const socket = connect({ host: hostOf(url), port: portOf(url) });
  try {
    await once(socket, 'connect', { signal: deadline.signal });
  } catch (err) {
    socket.on('error', () => {});
    socket.destroy();
    const failure = networkFailure(err, { stage: 'tcp', url, endpoint, deadline });
    if (proxy === undefined) throw failure;
    throw new NetworkFailure('tcp', `no way to the outbound proxy: ${failure.message}`, {
      advice: 'check HTTP_PROXY, HTTPS_PROXY and NO_PROXY of this process',
      cause: err,
    });
  }
  socket.on('error', () => {});
  return socket;
}

async function encryptProxy(transport: Socket, proxy: URL, options: ReachOptions): Promise<Socket> {
  const { endpoint, deadline } = options;
  try {
    const { socket, faults } = await startTls(transport, { url: proxy, cas: endpoint.cas, deadline });
    if (faults.length === 0) return socket;
    socket.destroy();
  } catch (err) {
    throw networkFailure(err, { stage: 'tls', url: proxy, endpoint, deadline });
  }
  throw new NetworkFailure(
    'proxy',
    `the certificate of the outbound proxy ${authorityOf(proxy)} is not trusted`,
    {
      advice: `add its certificate authority to ${endpoint.casSetting}`,
    },
  );
}

async function openTunnel(transport: Socket, proxy: URL, options: ReachOptions): Promise<Socket> {
  const { url, endpoint, deadline } = options;
  const authority = authorityOf(url);
  const req = request({
    createConnection: () => transport,
    method: 'CONNECT',
    path: authority,
    headers: { host: authority, ...proxyAuthorization(proxy) },
    signal: deadline.signal,
  });
  req.on('error', () => {});
  req.end();
  let answer: IncomingMessage;
  try {
    [answer] = (await once(req, 'connect', { signal: deadline.signal })) as [IncomingMessage];
  } catch (err) {
    transport.destroy();
    throw networkFailure(err, { stage: 'proxy', url, endpoint, deadline });
  }
  const { statusCode = 0 } = answer;
  if (statusCode >= 200 && statusCode < 300) return transport;
  transport.destroy();
  throw new NetworkFailure(
    'proxy',
    `the outbound proxy ${describeUrl(proxy)} refused a tunnel to ${authority}: it answered ${statusCode}`,
    {
      advice:
        statusCode === 407
          ? 'put a user and password into HTTPS_PROXY that the proxy accepts'
          : `have ${authority} allowed at the proxy, or add ${hostOf(url)} to NO_PROXY where there is a direct way`,
    },
  );
}
