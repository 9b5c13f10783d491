import type { Goal, PeerName, Row } from './measure.ts';
import { medianOf } from './statistics.ts';

/** The row of a peer in a table. */
export interface PeerRow extends Row {
  readonly peer: PeerName;
}

export const REGISTRY_PEERS: readonly PeerName[] = ['seed', 'distribution', 'zot'];
export const OTHER_PEERS: readonly PeerName[] = [...REGISTRY_PEERS, 'nginx'];

/** A goal for figures of which more is better: `factor` times what the best of `others` has. None where none of them was measured. */
export function atLeastTimes(
  rows: readonly PeerRow[],
  factor: number,
  others: readonly PeerName[],
  name: string,
): Goal[] {
  const best = bestOf(rows, others, Math.max);
  if (best === undefined) return [];
  return [{ text: `≥ ${factor} × ${name}`, value: oursOf(rows) / best, limit: factor, atLeast: true }];
}

/** The same for figures of which less is better. */
export function atMostTimes(
  rows: readonly PeerRow[],
  factor: number,
  others: readonly PeerName[],
  name: string,
): Goal[] {
  const best = bestOf(rows, others, Math.min);
  if (best === undefined) return [];
  return [{ text: `≤ ${factor} × ${name}`, value: oursOf(rows) / best, limit: factor, atLeast: false }];
}

/** A figure that could not be measured is a goal that was missed. */
export function isMet({ value, limit, atLeast }: Goal): boolean {
  return atLeast ? value >= limit : value <= limit;
}

function oursOf(rows: readonly PeerRow[]): number {
  return medianOf(rows.find(({ peer }) => peer === 'registry-cache')?.samples ?? []);
}

function bestOf(
  rows: readonly PeerRow[],
  others: readonly PeerName[],
  choose: (...values: number[]) => number,
): number | undefined {
  const medians = rows
    .filter(({ peer, samples }) => others.includes(peer) && samples.length > 0)
    .map(({ samples }) => medianOf(samples));
  return medians.length === 0 ? undefined : choose(...medians);
}
