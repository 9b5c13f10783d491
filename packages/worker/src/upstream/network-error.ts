import { quoteText } from '@registry-cache/oci';
import type { UpstreamSettings } from '@registry-cache/config';
// Not by the package's index: reading settings takes 180 modules, and every worker would hold them for one name.
import { nameUpstreamSetting } from '@registry-cache/config/upstream-setting';
import { describeUrl } from './describe-url.ts';
import { UpstreamError, type UpstreamErrorCode } from './upstream-error.ts';

type UpstreamNames = Pick<UpstreamSettings, 'name' | 'downstreamKey'>;

/** Says in an operator's words why no answer came from `url`, or why its body ended early. */
export function networkError(error: unknown, url: URL, upstream: UpstreamNames): UpstreamError {
  if (error instanceof UpstreamError) return error;
  const reason = reasonOf(error);
  const { code, text } = explain(reason, url, upstream);
  return new UpstreamError(code, `${text} (${describeUrl(url)})`, { cause: withoutCertificate(error) });
}

/** Node hangs what it knows of the peer's certificate on the error, which would be pages of the log. */
function withoutCertificate(error: unknown): unknown {
  if (!(error instanceof Error) || !('cert' in error)) return error;
  const { code, message } = reasonOf(error);
  return Object.assign(new Error(message), { code });
}

interface Reason {
  readonly code: string;
  readonly message: string;
  /** What a certificate is for, where that is not who was asked. */
  readonly certifiedNames?: string;
}

interface Explanation {
  readonly code: UpstreamErrorCode;
  readonly text: string;
}

// With several addresses, Node reports an AggregateError with one error for each.
function reasonOf(error: unknown): Reason {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return { code: '', message: String(error) };
  // undici's parser error has a code of its own only at times.
  if (error.name === 'HTTPParserError') return { code: error.name, message: error.message };
  return {
    code: 'code' in error && typeof error.code === 'string' ? error.code : '',
    message: error.message,
    ...certifiedNames(error),
  };
}

function certifiedNames(error: Error): Pick<Reason, 'certifiedNames'> {
  if (!('cert' in error) || typeof error.cert !== 'object' || error.cert === null) return {};
  const { cert } = error;
  return 'subjectaltname' in cert && typeof cert.subjectaltname === 'string'
    ? { certifiedNames: cert.subjectaltname }
    : {};
}

function explain(reason: Reason, url: URL, upstream: UpstreamNames): Explanation {
  const { code, message } = reason;
  switch (code) {
    case 'ENOTFOUND':
      return unreachable(
        `DNS knows no host ${url.hostname}: check ${nameUpstreamSetting(upstream, 'url')} and the resolver`,
      );
    case 'EAI_AGAIN':
      return unreachable(`DNS did not answer for ${url.hostname}`);
    case 'ECONNREFUSED':
      return unreachable(
        `${url.host} refused the TCP connection: nothing listens there, or a firewall rejects it`,
      );
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return unreachable(`no route to ${url.host}`);
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return unreachable(`${url.host} did not accept a connection in time: a firewall may drop it`);
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      return unreachable(`${url.host} closed the connection before its answer was complete`);
    case 'UND_ERR_DESTROYED':
    case 'UND_ERR_CLOSED':
      return unreachable(`the client of ${upstream.name} is closed`);
    case 'UND_ERR_ABORTED':
      return unreachable(`the outbound proxy gave no tunnel to ${url.host}: ${quoteText(message)}`);
    case 'UND_ERR_HEADERS_TIMEOUT':
      return { code: 'timeout', text: `${url.host} accepted the request and sent no headers in time` };
    case 'UND_ERR_BODY_TIMEOUT':
      return { code: 'timeout', text: `${url.host} began an answer and sent nothing more for too long` };
    case 'UND_ERR_HEADERS_OVERFLOW':
      return { code: 'invalid', text: `${url.host} sent more headers than are accepted` };
    case 'HTTPParserError':
      return { code: 'invalid', text: `${url.host} sent what is no HTTP: ${quoteText(message)}` };
    default:
      return explainTls(reason, url, upstream);
  }
}

function explainTls(
  { code, message, certifiedNames = '' }: Reason,
  url: URL,
  upstream: UpstreamNames,
): Explanation {
  switch (code) {
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return unreachable(
        `certificate of ${url.host} is not trusted (${message}): add its CA to ${nameUpstreamSetting(upstream, 'cas')}`,
      );
    case 'CERT_HAS_EXPIRED':
      return unreachable(`certificate of ${url.host} has expired: renew it there, or check the clock here`);
    case 'CERT_NOT_YET_VALID':
      return unreachable(`certificate of ${url.host} is not valid yet: check the clock here`);
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return unreachable(`certificate of ${url.host} is for other names: ${quoteText(certifiedNames)}`);
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return unreachable(
        `${url.host} does not speak TLS: if that is meant, write ${nameUpstreamSetting(upstream, 'url')} with http://`,
      );
    default:
      return unreachable(`no answer from ${url.host}: ${quoteText(message)}`);
  }
}

function unreachable(text: string): Explanation {
  return { code: 'unreachable', text };
}
