import { digestOf } from '@registry-cache/oci';
import type { Content } from '../support/image/content.ts';
import { blobPath } from '../support/client/pull-image.ts';
import type { Received } from '../support/client/registry-client.ts';
import { exchange, openOnceMore, type Question } from './exchange.ts';
import type { Site, SiteRepository } from './scene.ts';
import type { Visitor } from './who-visits.ts';

/** A blob in a repository. */
export interface BlobAt {
  readonly site: Site;
  readonly repository: SiteRepository;
  readonly blob: Content;
}

/**
 * The whole blob. A connection that broke is taken up where it ended, as containerd does, and then the two parts must be the
 * blob.
 */
export async function getBlob(visitor: Visitor, at: BlobAt): Promise<void> {
  const { blob } = at;
  const question = blobQuestion(visitor, at, 'GET', 'blob');
  const found = await exchange(visitor.client, visitor.ledger, question, [200]);
  if (found === undefined) return;
  const { complete, digest, sizeBytes, outcome } = found.received;
  if (!complete) return resume(visitor, at, found.received);
  if (digest === blob.digest) visitor.ledger.passed(question.request, outcome ?? 'no outcome');
  else visitor.ledger.wrong(question.request, `its ${sizeBytes} bytes are ${digest}`);
}

export async function headBlob(visitor: Visitor, at: BlobAt): Promise<void> {
  const question = blobQuestion(visitor, at, 'HEAD', 'blob');
  const found = await exchange(visitor.client, visitor.ledger, question, [200]);
  if (found === undefined) return;
  const { headers, outcome } = found.received;
  const length = headers['content-length'];
  if (length === undefined || Number(length) === at.blob.sizeBytes) {
    visitor.ledger.passed(question.request, outcome ?? 'no outcome');
  } else {
    visitor.ledger.wrongPart(question.request, `announces ${length} bytes`, found.facts);
  }
}

/** Bytes `start` to `end` (exclusive), compared with what they should be. */
export async function getRange(visitor: Visitor, at: BlobAt, start: number, end: number): Promise<void> {
  const range = { range: `bytes=${start}-${end - 1}` };
  const question = { ...blobQuestion(visitor, at, 'GET', 'range'), headers: range };
  const found = await exchange(visitor.client, visitor.ledger, question, [206]);
  if (found === undefined || !found.received.complete) return;
  const { headers, digest, outcome } = found.received;
  const problem = rangeProblem(at.blob, start, end, { digest, contentRange: headers['content-range'] });
  if (problem === undefined) visitor.ledger.passed(question.request, outcome ?? 'no outcome');
  else visitor.ledger.wrongPart(question.request, problem, found.facts);
}

/** Several ranges in one header: the parts, one by one, or the whole blob. */
export async function getRanges(visitor: Visitor, at: BlobAt): Promise<void> {
  const { blob } = at;
  const middle = Math.floor(blob.sizeBytes / 2);
  const parts = [
    [0, 100],
    [middle, middle + 2000],
  ] as const;
  const header = { range: `bytes=${parts.map(([start, end]) => `${start}-${end - 1}`).join(',')}` };
  const question = { ...blobQuestion(visitor, at, 'GET', 'ranges'), headers: header };
  const found = await exchange(visitor.client, visitor.ledger, question, [200, 206]);
  if (found === undefined || !found.received.complete) return;
  const { status, digest, bytes, outcome } = found.received;
  if (status === 200) {
    if (digest === blob.digest) visitor.ledger.passed(question.request, 'as a whole');
    else visitor.ledger.wrong(question.request, `the whole is ${digest}`);
    return;
  }
  const body = Buffer.from(bytes);
  const missing = parts.filter(([start, end]) => !body.includes(readBytes(blob, start, end)));
  if (missing.length === 0) visitor.ledger.passed(question.request, outcome ?? 'no outcome');
  else visitor.ledger.wrongPart(question.request, `wrong or missing: ${missing.join(' and ')}`, found.facts);
}

/** Reads one chunk and leaves. */
export async function leaveBlob(visitor: Visitor, at: BlobAt, start: number): Promise<void> {
  const question = blobQuestion(visitor, at, 'GET', 'blob-and-leave');
  const headers = start === 0 ? {} : { range: `bytes=${start}-` };
  try {
    const response = await openOnceMore(visitor.client, { ...question, headers });
    const body = response[Symbol.asyncIterator]();
    await body.next();
    response.destroy();
    visitor.ledger.passed(question.request, 'left');
  } catch {
    // Who leaves has no complaint.
    visitor.ledger.passed(question.request, 'nothing to leave');
  }
}

async function resume(visitor: Visitor, at: BlobAt, begin: Received): Promise<void> {
  const { blob } = at;
  const { sizeBytes } = begin;
  if (sizeBytes === 0 || sizeBytes >= blob.sizeBytes) return;
  const headers = { range: `bytes=${sizeBytes}-` };
  const question = { ...blobQuestion(visitor, at, 'GET', 'rest-of-blob'), headers };
  const found = await exchange(visitor.client, visitor.ledger, question, [206]);
  if (found === undefined || !found.received.complete) return;
  const problem =
    problemOfPart(blob, 0, sizeBytes, begin.digest) ??
    problemOfPart(blob, sizeBytes, blob.sizeBytes, found.received.digest);
  if (problem === undefined) visitor.ledger.passed(question.request, 'joined');
  else visitor.ledger.wrongPart(question.request, problem, found.facts);
}

function rangeProblem(
  blob: Content,
  start: number,
  end: number,
  received: { readonly digest: string; readonly contentRange: string | undefined },
): string | undefined {
  const expected = `bytes ${start}-${end - 1}/${blob.sizeBytes}`;
  if (received.contentRange !== expected) return `Content-Range is ${received.contentRange}, not ${expected}`;
  return problemOfPart(blob, start, end, received.digest);
}

function problemOfPart(blob: Content, start: number, end: number, digest: string): string | undefined {
  const isRight = digest === digestOf(readBytes(blob, start, end));
  return isRight ? undefined : `bytes ${start} to ${end - 1} are wrong`;
}

function readBytes(blob: Content, start: number, end: number): Buffer {
  return Buffer.concat([...blob.read(start, end)]);
}

function blobQuestion(
  { onDisk }: Visitor,
  { site, repository, blob }: BlobAt,
  method: 'GET' | 'HEAD',
  what: string,
): Question {
  const image = `${site.name}/${repository.name}`;
  return {
    request: `${method} ${what} ${image} ${blob.digest}`,
    method,
    path: blobPath(image, blob.digest),
    upstream: site.name,
    find: () => onDisk.findBlob(site.name, repository.name, blob.digest),
  };
}
