import { RegistryError, type RegistryErrorCode } from '@registry-cache/oci';
import { LOOP_DETECTED, UpstreamError, type UpstreamErrorCode } from '../upstream/upstream-error.ts';

const CODES: Record<UpstreamErrorCode, RegistryErrorCode> = {
  unreachable: 'UNAVAILABLE',
  timeout: 'UPSTREAM_TIMEOUT',
  // 403 rather than 401: with another login at this cache the client would get no further.
  denied: 'DENIED',
  'rate-limited': 'TOOMANYREQUESTS',
  failed: 'UNAVAILABLE',
  invalid: 'UPSTREAM_INVALID',
};

const RETRY_AFTER_SECONDS = 5;

/** What a client is told of a failure, whatever failed. */
export function registryErrorOf(error: unknown): RegistryError {
  if (error instanceof RegistryError) return error;
  if (error instanceof UpstreamError) return ofUpstream(error);
  return new RegistryError('UNKNOWN', 'the cache failed to answer; its log says why', { cause: error });
}

function ofUpstream(error: UpstreamError): RegistryError {
  const code = error.status === LOOP_DETECTED ? 'LOOP_DETECTED' : CODES[error.code];
  const retryAfterSeconds = error.retryAfterSeconds ?? (mayPass(error) ? RETRY_AFTER_SECONDS : undefined);
  return new RegistryError(code, error.message, {
    cause: error,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

function mayPass({ code, status }: UpstreamError): boolean {
  return code !== 'denied' && code !== 'invalid' && status !== LOOP_DETECTED;
}
