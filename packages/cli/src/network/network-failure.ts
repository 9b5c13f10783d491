import { cleanText, quoteText } from '@registry-cache/oci';
import { authorityOf, type Deadline, type Endpoint, hostOf } from './endpoint.ts';

/** How far a connection came. */
export type Stage = 'dns' | 'tcp' | 'proxy' | 'tls' | 'http';

/** Why a server gave no answer, in an operator's words. */
export class NetworkFailure extends Error {
  override readonly name = 'NetworkFailure';
  readonly stage: Stage;
  /** What to do about it, as a line of its own. */
  readonly advice: string | undefined;

  constructor(stage: Stage, message: string, options: { readonly advice?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.stage = stage;
    this.advice = options.advice;
  }
}

export interface FailureContext {
  readonly stage: Stage;
  /** Who was asked: the endpoint itself, its token endpoint, or a proxy. */
  readonly url: URL;
  readonly endpoint: Endpoint;
  readonly deadline: Deadline;
}

export function networkFailure(error: unknown, context: FailureContext): NetworkFailure {
  if (error instanceof NetworkFailure) return error;
  const { stage, deadline } = context;
  const { message, advice } = deadline.signal.aborted ? tooLate(context) : explain(error, context);
  return new NetworkFailure(stage, message, { cause: error, ...(advice === undefined ? {} : { advice }) });
}

interface Explanation {
  readonly message: string;
  readonly advice?: string;
}

function tooLate({ stage, url, endpoint, deadline }: FailureContext): Explanation {
  const within = `within ${deadline.timeoutMs / 1000} s`;
  const authority = authorityOf(url);
  switch (stage) {
    case 'dns':
      return { message: `DNS gave no answer for ${hostOf(url)} ${within}`, advice: CHECK_RESOLVER };
    case 'tcp':
      return {
        message: `${authority} did not accept a connection ${within}`,
        advice: `a firewall may drop connections to ${authority}: allow them, or check ${endpoint.urlSetting}`,
      };
    case 'proxy':
      return { message: `the outbound proxy gave no tunnel to ${authority} ${within}` };
    case 'tls':
      return {
        message: `${authority} accepted the connection and said nothing to a TLS handshake ${within}`,
        advice: `check that ${authority} is a registry, and what stands between`,
      };
    case 'http':
      return { message: `${authority} took the request and sent no answer ${within}` };
  }
}

const CHECK_RESOLVER = 'check the resolvers of this machine (/etc/resolv.conf; in a container, its network)';

function explain(error: unknown, context: FailureContext): Explanation {
  const { code, message } = reasonOf(error);
  const { url, endpoint, stage } = context;
  const authority = authorityOf(url);
  switch (code) {
    case 'ENOTFOUND':
      return {
        message: `DNS knows no host ${hostOf(url)}`,
        advice: `check ${endpoint.urlSetting} and the resolvers of this machine`,
      };
    case 'EAI_AGAIN':
      return { message: `DNS did not answer for ${hostOf(url)}`, advice: CHECK_RESOLVER };
    case 'ECONNREFUSED':
      return {
        message: `${authority} refused the connection`,
        advice: `nothing listens at ${authority}, or a firewall rejects it: check ${endpoint.urlSetting}`,
      };
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return { message: `there is no route to ${authority}`, advice: 'check the network of this machine' };
    case 'ETIMEDOUT':
      return {
        message: `${authority} did not accept a connection`,
        advice: `a firewall may drop connections to ${authority}: allow them, or check ${endpoint.urlSetting}`,
      };
    default:
      return stage === 'tls' ? explainTls(code, message, context) : explainHttp(code, message, authority);
  }
}

function explainTls(code: string, message: string, { url, endpoint }: FailureContext): Explanation {
  const authority = authorityOf(url);
  switch (code) {
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return {
        message: `${authority} does not speak TLS`,
        advice: `if plain HTTP is meant, write ${endpoint.urlSetting} with http://`,
      };
    case 'ECONNRESET':
    case 'EPIPE':
      return {
        message: `${authority} closed the connection during the TLS handshake`,
        advice: `a firewall may object to the name, or ${authority} is no TLS server: ask its operator`,
      };
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
    case 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION':
      return {
        message: `${authority} speaks no TLS version above 1.1`,
        advice: `have TLS 1.2 switched on at ${authority}`,
      };
    default:
      return { message: `the TLS handshake with ${authority} failed: ${cleanText(message)}` };
  }
}

function explainHttp(code: string, message: string, authority: string): Explanation {
  if (code.startsWith('HPE_')) return { message: `${authority} sent what is no HTTP: ${quoteText(message)}` };
  if (code === 'ECONNRESET' || code === 'EPIPE')
    return { message: `${authority} closed the connection without an answer` };
  return { message: `no answer from ${authority}: ${quoteText(message)}` };
}

// With several addresses, Node reports an AggregateError with one error for each.
function reasonOf(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return { code: '', message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return { code, message: error.message };
}
