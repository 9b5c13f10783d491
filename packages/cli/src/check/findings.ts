import {
  describeCertificate,
  describeUpstreams,
  type CertificateReport,
  type CleanerSettings,
  type Settings,
  type UpstreamDescription,
} from '@registry-cache/config';
import { checkPinPattern } from '@registry-cache/store/images';

/** What a check has found about settings that could be loaded. Nothing of it is secret. */
export interface CheckFindings {
  readonly address: string;
  /** Where clients are told to fetch tokens; undefined for wherever they asked. */
  readonly externalUrl: string | undefined;
  readonly dataDirectory: string;
  readonly maxSizeBytes: number;
  /** Undefined where no blob is removed for its age. */
  readonly expiry: CleanerSettings['expiry'];
  /** How long the word of an upstream that authorizes clients itself counts. */
  readonly authorizationTtlMs: number;
  /** How many users may log in; undefined where nobody has to. */
  readonly users: number | undefined;
  /** Undefined for plain HTTP. */
  readonly certificate: CertificateReport | undefined;
  readonly upstreams: readonly UpstreamDescription[];
  readonly warnings: readonly string[];
  /** Clients would refuse the certificate. */
  readonly isCertificateRefused: boolean;
}

export function findingsOf(settings: Settings, nowMs: number): CheckFindings {
  const { http, auth, storage, cleaner } = settings;
  const certificate = http.tls === undefined ? undefined : describeCertificate(http.tls, nowMs);
  return {
    address: `${http.tls === undefined ? 'http' : 'https'}://${formatHost(http.host)}:${http.port}`,
    externalUrl: http.externalUrl,
    dataDirectory: storage.rootDirectory,
    maxSizeBytes: cleaner.maxSizeBytes,
    expiry: cleaner.expiry,
    authorizationTtlMs: settings.authorizationTtlMs,
    users: auth === undefined ? undefined : Object.keys(auth.users).length,
    certificate,
    upstreams: describeUpstreams(settings),
    warnings: [...settings.warnings, ...patternWarnings(settings)],
    isCertificateRefused: certificate !== undefined && isRefused(certificate, nowMs),
  };
}

/** Of what the cache, once it runs, would only log. */
function patternWarnings({ cleaner, warm }: Settings): string[] {
  const warnings = (key: string, patterns: readonly string[]): string[] =>
    patterns.map(checkPinPattern).flatMap((problem) => (problem === undefined ? [] : [`${key}: ${problem}`]));
  const warmed = warm.rules.flatMap(({ repository, select }) =>
    select.kind === 'tags' ? select.patterns.map((pattern) => `${repository}:${pattern}`) : [],
  );
  return [...warnings('cleaner.pins', cleaner.pins), ...warnings('warm.images', warmed)];
}

/** Loading only warns of it: a cache whose certificate expired should still start for clients that do not look. */
function isRefused({ notBefore, notAfter, names }: CertificateReport, nowMs: number): boolean {
  return nowMs < notBefore.getTime() || nowMs >= notAfter.getTime() || names.length === 0;
}

function formatHost(host: string): string {
  if (host === '') return '*';
  return host.includes(':') ? `[${host}]` : host;
}
