import type { CertificateReport, UpstreamDescription } from '@registry-cache/config';
import { formatBytes, formatCount, formatDuration } from '../terminal/quantities.ts';
import { formatTable, type Column } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { CheckFindings } from './findings.ts';

const UPSTREAM_COLUMNS: readonly Column[] = [
  { title: 'upstream', align: 'left' },
  { title: 'url', align: 'left' },
  { title: 'credential', align: 'left' },
  { title: 'for repositories', align: 'left' },
  { title: 'tags fresh for', align: 'right' },
];

/** What a check found, for people. */
export function formatFindings(findings: CheckFindings, terminal: Terminal): string[] {
  const { address, dataDirectory, maxSizeBytes, users, certificate, upstreams, warnings } = findings;
  return [
    `listens on   ${address}`,
    `data         ${dataDirectory}, up to ${formatBytes(maxSizeBytes)}`,
    `login        ${users === undefined ? 'not required' : `required, ${formatCount(users, 'user')} in htpasswd`}`,
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
  const rows = upstreams.flatMap(({ name, url, credentials, default: isDefault, tagTtlMs }) =>
    credentials.map(({ kind, repositoryPrefix }, index) => {
      const first = index === 0;
      return [
        first ? `${name}${isDefault ? ' (default)' : ''}` : '',
        first ? url : '',
        kind,
        repositoryPrefix === '' ? 'all' : `${repositoryPrefix}/…`,
        first ? formatDuration(tagTtlMs) : '',
      ];
    }),
  );
  return formatTable(UPSTREAM_COLUMNS, rows);
}

function section(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', ...lines];
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
