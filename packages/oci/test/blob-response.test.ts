import { expect, test } from 'vitest';
import { blobResponse } from '../src/blob-response.ts';
import type { ByteRange } from '../src/byte-ranges.ts';

const ETAG = '"sha256:aa"';
const BLOB = {
  sizeBytes: 1000,
  etag: ETAG,
  headers: { etag: ETAG, 'content-type': 'application/octet-stream', 'content-length': '0' },
};

/** The ranges that a body is made of; `whole` for one without. */
function opened(response: ReturnType<typeof blobResponse>): (ByteRange | 'whole')[] {
  const ranges: (ByteRange | 'whole')[] = [];
  response.read((range) => {
    ranges.push(range ?? 'whole');
    return new ReadableStream<Uint8Array>();
  });
  return ranges;
}

test.each([
  ['no condition', {}, 200, '1000', undefined],
  ['one range', { range: 'bytes=10-19' }, 206, '10', 'bytes 10-19/1000'],
  ['an open range', { range: 'bytes=990-' }, 206, '10', 'bytes 990-999/1000'],
  ['a suffix', { range: 'bytes=-1' }, 206, '1', 'bytes 999-999/1000'],
  ['a suffix longer than the blob', { range: 'bytes=-2000' }, 206, '1000', 'bytes 0-999/1000'],
  ['overlapping ranges that are more than the whole', { range: 'bytes=0-,0-' }, 200, '1000', undefined],
  ['another unit', { range: 'lines=0-1' }, 200, '1000', undefined],
  ['a range of these bytes', { range: 'bytes=0-1', 'if-range': ETAG }, 206, '2', 'bytes 0-1/1000'],
  ['a range of other bytes', { range: 'bytes=0-1', 'if-range': '"b"' }, 200, '1000', undefined],
  ['a range of a date', { range: 'bytes=0-1', 'if-range': 'Sat, 21 Nov 2026 09:00:00 GMT' }, 200, '1000'],
  ['bytes that the client has', { 'if-none-match': `"b", W/${ETAG}` }, 304, undefined, undefined],
  ['a range of bytes that the client has', { 'if-none-match': '*', range: 'bytes=0-1' }, 304],
])('%s', (_name, headers, status, contentLength?: string, contentRange?: string) => {
  const response = blobResponse({ method: 'GET', headers }, BLOB);
  expect(response.status).toBe(status);
  expect(response.headers['content-length']?.toString()).toBe(contentLength);
  expect(response.headers['content-range']).toBe(contentRange);
  expect(response.headers['etag']).toBe(ETAG);
});

test('a range outside of the blob is an error that says how long it is', async () => {
  const response = blobResponse({ method: 'GET', headers: { range: 'bytes=1000-' } }, BLOB);
  expect(response).toMatchObject({ status: 416, headers: { 'content-range': 'bytes */1000' } });
  expect(opened(response)).toEqual([]);
});

test('an answer without the range may not be kept like the blob', () => {
  const headers = { ...BLOB.headers, 'cache-control': 'max-age=31536000, immutable' };
  const answer = (range: string): unknown =>
    blobResponse({ method: 'GET', headers: { range } }, { ...BLOB, headers }).headers['cache-control'];
  expect(answer('bytes=0-9')).toBe('max-age=31536000, immutable');
  expect(answer('bytes=1000-')).toBeUndefined();
});

test('several ranges are opened as they were asked, and have a type that is not the blob’s', () => {
  const response = blobResponse({ method: 'GET', headers: { range: 'bytes=20-29,0-0' } }, BLOB);
  expect(response.status).toBe(206);
  expect(response.headers['content-type']).toMatch(/^multipart\/byteranges; boundary=/);
  expect(response.headers['content-range']).toBeUndefined();
  expect(opened(response)).toEqual([
    { start: 20, end: 29 },
    { start: 0, end: 0 },
  ]);
});

test('the whole is opened without a range', () => {
  expect(opened(blobResponse({ method: 'GET', headers: {} }, BLOB))).toEqual(['whole']);
});

test('HEAD says what a GET without ranges says', () => {
  const head = blobResponse({ method: 'HEAD', headers: { range: 'bytes=0-1' } }, BLOB);
  expect(head).toMatchObject({ status: 200, headers: { 'content-length': 1000, etag: ETAG } });
});

test('of a blob whose size nobody knows there are no ranges, and no length is made up', () => {
  const response = blobResponse(
    { method: 'GET', headers: { range: 'bytes=0-1' } },
    { ...BLOB, sizeBytes: undefined },
  );
  expect(response.status).toBe(200);
  expect(response.headers).not.toHaveProperty('content-length');
  expect(opened(response)).toEqual(['whole']);
});
