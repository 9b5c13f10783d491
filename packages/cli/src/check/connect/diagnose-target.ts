import type { Socket } from 'node:net';
import { authorityOf } from '../../network/endpoint.ts';
import { createHttpClient, exchange, type HttpAnswer } from '../../network/http-client.ts';
import { NetworkFailure, type Stage } from '../../network/network-failure.ts';
import { findOutboundProxy } from '../../network/outbound-proxy.ts';
import { describeUrl } from '../../network/describe-url.ts';
import { reach } from '../../network/reach.ts';
import { startTls } from '../../network/tls-peer.ts';
import { clockStep, reachPort, resolveName, secureConnection, type PeerTrust } from './connection-steps.ts';
import type { Diagnosis } from './diagnosis.ts';
import { loginSteps } from './login-step.ts';
import { manifestSteps } from './manifest-step.ts';
import { judgePing } from './ping-step.ts';
import { failed, skipped, type Step, type StepName } from './step.ts';
import type { Target, TargetContext } from './target.ts';

/** Tries one step after the other until one makes the next ones pointless. Never rejects for what the server does. */
export async function diagnoseTarget(target: Target, context: TargetContext): Promise<Diagnosis> {
  const startedAt = performance.now();
  const progress: Progress = { steps: [], trust: undefined };
  let current: StepName | undefined;
  try {
    await connect(target, context, progress, (name) => (current = name));
  } catch (err) {
    if (!(err instanceof NetworkFailure)) throw err;
    progress.steps.push(failed(current ?? STEP_OF_STAGE[err.stage], err.message, err.advice));
  }
  const { kind, upstream, endpoint } = target;
  return {
    kind,
    upstream: upstream.name,
    url: describeUrl(endpoint.url),
    steps: kind === 'neighbour' ? progress.steps.map(unneeded) : progress.steps,
    ...(progress.trust === undefined ? {} : { trust: progress.trust }),
    durationMs: Math.round(performance.now() - startedAt),
  };
}

interface Progress {
  readonly steps: Step[];
  trust: PeerTrust | undefined;
}

const STEP_OF_STAGE: Readonly<Record<Stage, StepName>> = {
  dns: 'dns',
  tcp: 'tcp',
  proxy: 'tcp',
  tls: 'tls',
  http: 'ping',
};

/** A neighbour that is not there is passed over. */
function unneeded(step: Step): Step {
  return step.outcome === 'failed' ? { ...step, outcome: 'warning' } : step;
}

async function connect(
  target: Target,
  context: TargetContext,
  progress: Progress,
  enter: (name: StepName) => void,
): Promise<void> {
  const { endpoint } = target;
  const { steps } = progress;
  steps.push(await resolveName(endpoint, context));
  const reached = await reachPort(endpoint, context);
  steps.push(reached.step);

  let socket: Socket = reached.socket;
  if (endpoint.url.protocol === 'https:') {
    const { step, peer, trust } = await secureConnection(socket, endpoint, context);
    progress.trust = trust;
    steps.push(step);
    socket = peer.socket;
    if (step.outcome === 'failed') {
      // Without a credential nothing is lost, and a wrong clock explains a certificate that is not valid.
      steps.push(clockStep(await askTime(socket, target, context), endpoint));
      return;
    }
  } else steps.push(skipped('tls', 'plain HTTP'));

  const answer = await pingOver(socket, target, context);
  steps.push(clockStep(answer.clockAheadMs, endpoint));
  const { step, challenge } = judgePing(answer, endpoint);
  steps.push(step);
  if (step.outcome === 'failed') return;

  const send = createHttpClient({ ...context, endpoint });
  enter('login');
  steps.push(...(await loginSteps({ target, challenge, send })));
  enter('manifest');
  steps.push(...(await manifestSteps(target, send)));
}

async function askTime(socket: Socket, target: Target, context: TargetContext): Promise<number | undefined> {
  try {
    return (await pingOver(socket, target, context)).clockAheadMs;
  } catch (err) {
    if (err instanceof NetworkFailure) return undefined;
    throw err;
  }
}

/** @throws {NetworkFailure} also where plain HTTP was spoken to a server of TLS */
async function pingOver(socket: Socket, { endpoint }: Target, context: TargetContext): Promise<HttpAnswer> {
  const { deadline, outboundProxy } = context;
  const isPlain = endpoint.url.protocol === 'http:';
  const plainProxy = isPlain ? findOutboundProxy(endpoint.url, outboundProxy) : undefined;
  const url = new URL('/v2/', endpoint.url);
  try {
    const answer = await exchange(socket, { method: 'GET', url }, { endpoint, deadline, plainProxy });
    if (isPlain && answer.status === 400) await rejectTlsPort(endpoint, context);
    return answer;
  } catch (err) {
    if (isPlain && !deadline.signal.aborted) await rejectTlsPort(endpoint, context);
    throw err;
  }
}

/** A server of TLS tells plain HTTP in many ways that it does not understand; none is as sure as a handshake. */
async function rejectTlsPort(
  endpoint: Target['endpoint'],
  { outboundProxy, deadline }: TargetContext,
): Promise<void> {
  const { url, urlSetting, cas } = endpoint;
  if (findOutboundProxy(url, outboundProxy) !== undefined) return;
  const speaksTls = await reach({ url, endpoint, proxy: undefined, deadline })
    .then((socket) => startTls(socket, { url, cas, deadline }))
    .then(
      (peer) => {
        peer.socket.destroy();
        return true;
      },
      () => false,
    );
  if (!speaksTls) return;
  throw new NetworkFailure('http', `${authorityOf(url)} speaks TLS, and was asked in plain HTTP`, {
    advice: `write ${urlSetting} with https://`,
  });
}
