import type { ChaosResult } from './run-chaos.ts';
import type { ChaosOptions } from './options.ts';
import { mostByName } from './process-watch.ts';

const SHOWN_FINDINGS = 30;

/** What a run did and what came of it, for people. */
export function describeRun(options: ChaosOptions, result: ChaosResult): string {
  return [
    `chaos: ${options.seconds} s, ${options.smallDisk ? 'on a small disk' : 'without a small disk'}, logins by ${options.logins}; again by`,
    `  npm run test:chaos -- --seconds ${options.seconds} --seed ${options.seed} --logins ${options.logins}`,
    'done, and how many failures it excuses:',
    ...describeIncidents(result),
    'requests:',
    ...[...result.ledger.counts].toSorted(byName).map(([request, outcomes]) => {
      const counts = [...outcomes].toSorted(byName).map(([outcome, count]) => `${count} ${outcome}`);
      return `  ${request}: ${counts.join(', ')}`;
    }),
    'processes, before and after:',
    ...describeProcesses(result),
    `leftovers of processes that were killed: ${result.leftovers.length}`,
    ...describeFindings(result),
    '',
  ].join('\n');
}

function describeIncidents({ journal, ledger }: ChaosResult): string[] {
  const counts = new Map<string, number>();
  for (const { what } of journal.entries) counts.set(what, (counts.get(what) ?? 0) + 1);
  return [...counts].toSorted(byName).map(([what, count]) => {
    const excused = ledger.excuses.get(what) ?? 0;
    return `  ${what}${count === 1 ? '' : ` ${count} times`}${excused === 0 ? '' : `, excuses ${excused}`}`;
  });
}

function describeProcesses({ before, after }: ChaosResult): string[] {
  const mostBefore = mostByName(before);
  return [...mostByName(after)].map(([name, state]) => {
    const first = mostBefore.get(name);
    const memory = `${mib(first?.residentBytes ?? 0)} and ${mib(state.residentBytes)} MiB`;
    return `  ${name}: ${first?.descriptors} and ${state.descriptors} descriptors, ${memory}`;
  });
}

function describeFindings({ ledger, afterwards }: ChaosResult): string[] {
  const findings = [...ledger.findings, ...afterwards.findings];
  if (findings.length === 0) return ['nothing found'];
  return [
    `found: ${findings.length}`,
    ...findings
      .slice(0, SHOWN_FINDINGS)
      .map(({ kind, atSeconds, request, problem }) => `  ${atSeconds} s, ${kind}: ${request}: ${problem}`),
  ];
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one.localeCompare(other);
}

function mib(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
