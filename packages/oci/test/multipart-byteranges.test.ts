import { expect, test } from 'vitest';
import type { ByteRange } from '../src/byte-ranges.ts';
import { multipartByteRanges } from '../src/multipart-byteranges.ts';

const BYTES = Buffer.from('abcdefghijklmnopqrstuvwxyz');
const OPTIONS = { sizeBytes: BYTES.length, contentType: 'application/octet-stream', boundary: 'BOUNDARY' };
const RANGES = [
  { start: 20, end: 22 },
  { start: 0, end: 0 },
];

async function* slice({ start, end }: ByteRange): AsyncGenerator<Uint8Array> {
  yield BYTES.subarray(start, end + 1);
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}

test('each range is a part with its own Content-Range, in the order that was asked', async () => {
  const multipart = multipartByteRanges(RANGES, OPTIONS);
  expect(multipart.contentType).toBe('multipart/byteranges; boundary=BOUNDARY');
  expect(await textOf(multipart.read(slice))).toBe(
    [
      '',
      '--BOUNDARY',
      'Content-Type: application/octet-stream',
      'Content-Range: bytes 20-22/26',
      '',
      'uvw',
      '--BOUNDARY',
      'Content-Type: application/octet-stream',
      'Content-Range: bytes 0-0/26',
      '',
      'a',
      '--BOUNDARY--',
      '',
    ].join('\r\n'),
  );
});

test('the length is known before the first byte', async () => {
  const multipart = multipartByteRanges(RANGES, OPTIONS);
  expect(multipart.contentLength).toBe((await textOf(multipart.read(slice))).length);
});

test('every part is opened before the first is read', () => {
  const opened: ByteRange[] = [];
  multipartByteRanges(RANGES, OPTIONS).read((range) => {
    opened.push(range);
    return slice(range);
  });
  expect(opened).toEqual(RANGES);
});
