import type { Status } from '@registry-cache/control';
import { findSpan } from '../terminal/time-spans.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { formatDisk } from './disk.ts';
import { formatErrors } from './errors.ts';
import { formatProcesses } from './processes.ts';
import { formatTraffic, formatUpstreams } from './traffic.ts';
import { formatFills, formatWarming } from './transfers.ts';

/** How the cache does, at a glance: the sum first, then what it is made of. */
export function formatStatus(
  status: Status,
  terminal: Terminal,
  nowMs: number = Date.now(),
): readonly string[] {
  const { version, address, startedAtMs, dataDirectory } = status;
  const age = findSpan(nowMs - startedAtMs) ?? 'a moment';
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ['', terminal.style('bold', title), ...lines.map((line) => `  ${line}`)];
  return [
    `${terminal.style('bold', `registry-cache ${version}`)} at ${terminal.style('cyan', address)}, for ${age}`,
    '',
    ...formatDisk(status.disk, terminal, nowMs),
    ...formatTraffic(status, terminal),
    `data      ${dataDirectory}`,
    ...section('upstreams', formatUpstreams(status.upstreams, terminal, nowMs)),
    ...section('fills', formatFills(status.fills, terminal, nowMs)),
    ...section('warming', formatWarming(status.warming, terminal, nowMs)),
    ...section('processes', formatProcesses(status.processes, terminal, nowMs)),
    ...section('last errors', formatErrors(status.errors, terminal, nowMs)),
  ];
}
