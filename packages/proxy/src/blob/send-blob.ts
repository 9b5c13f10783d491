import { blobResponse } from '@registry-cache/oci';
import type { OutgoingHttpHeaders } from 'node:http';
import type { Exchange } from '../exchange.ts';
import type { GuardedBlob } from './guarded-reads.ts';

/**
 * Sends a blob, or what of it the client asked for. The worker's answer names what is sent; its length is the blob's own.
 * Rejects when the client left or the file broke, with the connection closed short.
 *
 * @param headers of the worker's answer, as they go to the client
 */
export async function sendBlob(
  exchange: Exchange,
  blob: GuardedBlob,
  headers: OutgoingHttpHeaders,
): Promise<void> {
  const { method, request } = exchange;
  const { sizeBytes } = blob;
  const etag = etagOf(headers);
  const response = blobResponse(
    { method, headers: request.headers },
    {
      sizeBytes,
      etag,
      headers: {
        'content-type': 'application/octet-stream',
        ...headers,
        ...(etag === undefined ? {} : { etag }),
        'accept-ranges': 'bytes',
      },
    },
  );
  const body = response.read((range) => blob.read(range?.start ?? 0, range?.end ?? sizeBytes - 1));
  await exchange.send(response.status, response.headers, body);
}

/** A digest is as strong a validator as there can be. */
function etagOf(headers: OutgoingHttpHeaders): string | undefined {
  if (typeof headers['etag'] === 'string') return headers['etag'];
  const digest = headers['docker-content-digest'];
  return typeof digest === 'string' ? `"${digest}"` : undefined;
}
