import type { DeadLink } from '@registry-cache/store/maintenance';
import { formatBytes, formatCount } from '../terminal/quantities.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { BadBlob, DeadLinks, StoreCheck } from './verify-store.ts';

/** What recomputing every digest and following every link found, for people. */
export function formatStoreCheck({ blobs, bytes, bad, deadLinks }: StoreCheck, terminal: Terminal): string[] {
  return [
    '',
    `store        ${formatCount(blobs, 'blob')}, ${formatBytes(bytes)}: ${verdictOn(bad, terminal)}`,
    ...bad.map(
      ({ digest, problem, repaired }) =>
        `  ${digest}: ${problem}${repaired ? '; removed, the next pull fetches it again' : ''}`,
    ),
    ...formatDeadLinks(deadLinks),
    ...(bad.some(({ kind, repaired }) => kind === 'corrupt' && !repaired)
      ? [
          '',
          'check --store --repair removes blobs of a wrong digest, so that the next pull fetches them again',
        ]
      : []),
  ];
}

function verdictOn(bad: readonly BadBlob[], terminal: Terminal): string {
  const left = bad.filter(({ repaired }) => !repaired).length;
  if (bad.length === 0) return terminal.style('green', 'all intact');
  if (left === 0) return terminal.style('green', `${bad.length} bad, all removed`);
  return terminal.style(
    'red',
    left === bad.length ? `${left} bad` : `${bad.length} bad, ${left} of them left`,
  );
}

function formatDeadLinks({ count, examples }: DeadLinks): string[] {
  if (count === 0) return [];
  return [
    `dead links   ${count}, harmless: the cleaner removes them`,
    ...examples.map((link) => `  ${link.path}: ${faultOf(link)}`),
    ...(count > examples.length ? [`  and ${count - examples.length} more`] : []),
  ];
}

function faultOf({ kind }: DeadLink): string {
  switch (kind) {
    case 'blob-missing':
      return 'its blob is not stored';
    case 'no-digest':
      return 'holds no digest';
  }
}
