/** A process's environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

// What Node, OpenSSL and libc themselves look at. Everything else may be a secret, and reaches children as settings.
const PASSED_ON = [
  'PATH',
  'HOME',
  'TMPDIR',
  'LANG',
  'LC_ALL',
  'TZ',
  'NODE_EXTRA_CA_CERTS',
  'NODE_OPTIONS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'UV_THREADPOOL_SIZE',
  'MALLOC_ARENA_MAX',
];

/** The part of `environment` that children get: it holds no secret, since any process of the same user can read it. */
export function childEnvironment(environment: Environment): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name of PASSED_ON) {
    const value = environment[name];
    if (value !== undefined) passed[name] = value;
  }
  return passed;
}
