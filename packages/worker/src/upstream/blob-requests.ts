import { type Digest, quoteText, type RepositoryName } from '@registry-cache/oci';
import { describeContent, findHeader, findSize, findStrongEtag } from './answer-headers.ts';
import { discard } from './answer-body.ts';
import { describeUrl } from './describe-url.ts';
import type { RegistryAnswer, RegistryClient } from './registry-client.ts';
import { UpstreamError } from './upstream-error.ts';
import type { BlobRange, UpstreamBlob, UpstreamHead } from './upstream-registry.ts';

// Whole registries refuse HEAD on blobs, and a URL that is signed for GET is forbidden for anything else.
const HEAD_REFUSALS: readonly number[] = [400, 403, 405, 406, 501];

export async function headBlob(
  client: RegistryClient,
  name: RepositoryName,
  digest: Digest,
  signal: AbortSignal,
): Promise<UpstreamHead | undefined> {
  const answer = await client.ask({ method: 'HEAD', name, path: `blobs/${digest}`, signal });
  const content = describeContent(answer);
  const isAnswered = answer.status === 200 && content.sizeBytes !== undefined;
  if (isAnswered || answer.status === 404) {
    discard(answer.body);
    return isAnswered ? content : undefined;
  }
  if (answer.status !== 200 && !HEAD_REFUSALS.includes(answer.status)) throw await answer.statusError();
  discard(answer.body);
  return probeByGet(client, name, digest, signal);
}

export interface BlobRequest {
  readonly name: RepositoryName;
  readonly digest: Digest;
  readonly range: BlobRange | undefined;
  readonly signal: AbortSignal;
}

/** @see RFC 9110, "Range Requests" */
export async function getBlob(
  client: RegistryClient,
  { name, digest, range, signal }: BlobRequest,
): Promise<UpstreamBlob | undefined> {
  const headers = range === undefined ? {} : rangeHeaders(range);
  const answer = await client.ask({ method: 'GET', name, path: `blobs/${digest}`, headers, signal });
  switch (answer.status) {
    case 404:
      discard(answer.body);
      return undefined;
    case 200:
      return { body: answer.body, start: 0, ...findSize(answer), ...findStrongEtag(answer) };
    case 206:
      return { body: answer.body, ...partOf(answer, range), ...findStrongEtag(answer) };
    default:
      throw await answer.statusError();
  }
}

function rangeHeaders({ start, end, etag }: BlobRange): Record<string, string> {
  return {
    range: `bytes=${start}-${end === undefined ? '' : end - 1}`,
    ...(etag === undefined ? {} : { 'if-range': etag }),
  };
}

/** Bytes of another part than the one asked for would be put in the wrong place. */
function partOf(
  answer: RegistryAnswer,
  range: BlobRange | undefined,
): Pick<UpstreamBlob, 'start' | 'sizeBytes'> {
  const contentRange = findHeader(answer, 'content-range') ?? '';
  const [, first, last, size] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/i.exec(contentRange) ?? [];
  const end = range?.end ?? (size === '*' ? undefined : Number(size));
  const isAsked =
    range !== undefined && Number(first) === range.start && (end === undefined || Number(last) < end);
  if (!isAsked) {
    answer.body.destroy();
    throw new UpstreamError(
      'invalid',
      `${describeUrl(answer.url)} answered 206 with content-range ${quoteText(contentRange)}: expected bytes from ${range?.start ?? 0}`,
    );
  }
  return { start: range.start, ...(size === '*' ? {} : { sizeBytes: Number(size) }) };
}

async function probeByGet(
  client: RegistryClient,
  name: RepositoryName,
  digest: Digest,
  signal: AbortSignal,
): Promise<UpstreamHead | undefined> {
  const answer = await client.ask({ method: 'GET', name, path: `blobs/${digest}`, signal });
  if (answer.status === 404) {
    discard(answer.body);
    return undefined;
  }
  if (answer.status !== 200) throw await answer.statusError();
  answer.body.destroy();
  return describeContent(answer);
}
