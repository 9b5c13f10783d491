import { setTimeout as sleep } from 'node:timers/promises';
import type { IncomingMessage } from 'node:http';
import { receive, type Received, type RegistryClient } from '../support/client/registry-client.ts';
import type { FailedRequest } from './journal.ts';
import type { Ledger } from './ledger.ts';

/** One request, and who is to judge it. */
export interface Question {
  /** For the ledger: `GET blob quay.io/… sha256:…`. */
  readonly request: string;
  readonly method: 'GET' | 'HEAD';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Which upstream it depends on, if any. */
  readonly upstream: string | undefined;
  /** What says whether the cache has it on disk. */
  readonly find?: () => Promise<string | undefined>;
}

export interface Exchange {
  readonly received: Received;
  readonly facts: FailedRequest;
}

/** Longer than a client waits for headers, and than any fault lasts. */
const PATIENCE_MS = 40_000;
const PAUSE_MS = 100;

/**
 * Asks, and resolves with a whole answer of one of the expected statuses. Anything less goes to the ledger: `undefined`, or the
 * answer where its connection broke within the body.
 */
export async function exchange(
  client: RegistryClient,
  ledger: Ledger,
  question: Question,
  statuses: readonly number[],
): Promise<Exchange | undefined> {
  const before = await question.find?.();
  const startedAt = performance.now();
  let answeredAt: number | undefined;
  let received: Received | undefined;
  let problem: string | undefined;
  try {
    const response = await openOnceMore(client, question);
    answeredAt = performance.now();
    received = await receive(question.path, response);
    problem = problemOf(received, statuses);
  } catch (err) {
    problem = err instanceof Error ? err.message : String(err);
  }
  const endedAt = performance.now();
  // Nobody to talk to: a client that asks again at once would only keep the machine busy.
  if (received === undefined) await sleep(PAUSE_MS);
  const held = problem !== undefined && before !== undefined && (await question.find?.()) === before;
  const facts = { upstream: question.upstream, startedAt, answeredAt, endedAt, held };
  if (problem !== undefined) ledger.failed(question.request, problem, facts);
  const usable = received !== undefined && statuses.includes(received.status);
  return received !== undefined && usable ? { received, facts } : undefined;
}

/** A kept connection may have been closed just when it was used again: clients then ask once more, by a new one. */
export async function openOnceMore(
  client: RegistryClient,
  { method, path, headers }: Pick<Question, 'method' | 'path' | 'headers'>,
): Promise<IncomingMessage> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const open = (): Promise<IncomingMessage> =>
    client.open(method, path, { signal, ...(headers === undefined ? {} : { headers }) });
  return open().catch((err: unknown) => {
    if (err instanceof Error && 'code' in err && err.code === 'ECONNRESET') return open();
    throw err;
  });
}

function problemOf(received: Received, statuses: readonly number[]): string | undefined {
  const { status, complete, sizeBytes, bytes } = received;
  if (!statuses.includes(status)) return `status ${status}: ${Buffer.from(bytes).toString().slice(0, 300)}`;
  return complete ? undefined : `the connection broke after ${sizeBytes} bytes`;
}
