import { setTimeout as sleep } from 'node:timers/promises';
import type { CacheHost } from './cache-host.ts';
import { exchange } from './exchange.ts';
import type { Ledger } from './ledger.ts';

const EVERY_MS = 250;
const BOUND_MS = 5000;

/** Health checks are answered soon, whatever happens to pulls. */
export async function watchHealth(host: CacheHost, ledger: Ledger, signal: AbortSignal): Promise<void> {
  const client = host.client();
  const question = { request: 'GET health', method: 'GET', path: '/healthz', upstream: undefined } as const;
  while (!signal.aborted) {
    await sleep(EVERY_MS);
    const answer = await exchange(client, ledger, question, [200]);
    if (answer === undefined) continue;
    const { facts } = answer;
    const tookMs = Math.round(facts.endedAt - facts.startedAt);
    if (tookMs > BOUND_MS) ledger.failed(question.request, `answered after ${tookMs} ms`, facts);
    else ledger.passed(question.request, 'answered');
  }
  await client.close();
}
