import type { CertificateReport, UpstreamDescription } from '@registry-cache/config';
import { formatBytes, formatCount, formatDuration } from '../terminal/quantities.ts';
import { formatTable, type Column } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { CheckFindings } from './findings.ts';

const UPSTREAM_COLUMNS: readonly Column[] = [
  { title: 'upstream', align: 'left' },
  { title: 'url', align: 'left' },
  { title: 'authorizes', align: 'left' },
  { title: 'credential', align: 'left' },
  { title: 'for repositories', align: 'left' },
  { title: 'tags fresh for', align: 'right' },
];

const CACHES_COLUMN: Column = { title: 'blobs first from', align: 'left' };

/** What a check found, for people. */
export function formatFindings(findings: CheckFindings, terminal: Terminal): string[] {
  const { address, externalUrl, users, certificate, upstreams, warnings } = findings;
  return [
    `listens on   ${address}`,
    ...(externalUrl === undefined ? [] : [`reached at   ${externalUrl}`]),
    `data         ${formatData(findings)}`,
    `login        ${users === undefined ? formatAuthorization(findings) : `required, ${formatCount(users, 'user')} in htpasswd`}`,
    ...(certificate === undefined ? ['certificate  none: plain HTTP'] : formatCertificate(certificate)),
    '',
    ...formatUpstreams(upstreams),
    ...section(warnings.map((warning) => `${terminal.style('yellow', 'warning:')} ${warning}`)),
    ...section(
      findings.isCertificateRefused
        ? [`${terminal.style('red', 'error:')} clients refuse the certificate`]
        : [],
    ),
  ];
}

function formatData({ dataDirectory, maxSizeBytes, expiry }: CheckFindings): string {
  const upTo = `${dataDirectory}, up to ${formatBytes(maxSizeBytes)}`;
  if (expiry === undefined) return upTo;
  return `${upTo}, blobs for ${formatDuration(expiry.blobTtlMs)} since they were ${expiry.from === 'pulled' ? 'last pulled' : expiry.from}`;
}

function formatAuthorization({ upstreams, authorizationTtlMs }: CheckFindings): string {
  const origins = upstreams.filter(({ authorization }) => authorization === 'origin');
  if (origins.length === 0) return 'not required';
  const who = origins.length === upstreams.length ? '' : `${origins.map(({ name }) => name).join(', ')}: `;
  const asked =
    authorizationTtlMs === 0
      ? 'which is asked each time'
      : `whose word counts for ${formatDuration(authorizationTtlMs)}`;
  return `${who}with accounts of the upstream, ${asked}`;
}

function formatCertificate({
  source,
  subject,
  names,
  notBefore,
  notAfter,
  chain,
}: CertificateReport): string[] {
  return [
    `certificate  ${source}`,
    `             subject  ${subject}`,
    `             names    ${names.join(', ') || 'none'}`,
    `             valid    ${day(notBefore)} to ${day(notAfter)}`,
    `             chain    ${chain.join(' <- ')}`,
  ];
}

function formatUpstreams(upstreams: readonly UpstreamDescription[]): string[] {
  if (upstreams.length === 0)
    return ['no upstreams: every pull is answered 404 until the pull secret names one'];
  const hasCaches = upstreams.some(({ caches }) => caches.length > 0);
  const columns = hasCaches ? [...UPSTREAM_COLUMNS, CACHES_COLUMN] : UPSTREAM_COLUMNS;
  return formatTable(columns, upstreams.flatMap(rowsOf));
}

/** As many rows as the longer one of its lists has; what there is one of stands in the first. */
function rowsOf(upstream: UpstreamDescription): string[][] {
  const { name, url, authorization, caches, default: isDefault, tagTtlMs } = upstream;
  const credentials = credentialCells(upstream);
  const length = Math.max(credentials.length, caches.length);
  return Array.from({ length }, (_, index) => [
    ...(index === 0 ? [`${name}${isDefault ? ' (default)' : ''}`, url, authorization] : ['', '', '']),
    ...(credentials[index] ?? ['', '']),
    index === 0 ? formatDuration(tagTtlMs) : '',
    caches[index] ?? '',
  ]);
}

/** Kind and repositories. Where the upstream authorizes, nothing is pulled with those of the pull secret. */
function credentialCells({ authorization, credentials }: UpstreamDescription): (readonly [string, string])[] {
  if (authorization === 'origin') return [["each client's own", 'all']];
  return credentials.map(({ kind, repositoryPrefix }) => [
    kind,
    repositoryPrefix === '' ? 'all' : `${repositoryPrefix}/…`,
  ]);
}

function section(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', ...lines];
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
