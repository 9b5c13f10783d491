import fc, { type Arbitrary } from 'fast-check';

/** What no upstream may ever be asked for: it stands only where a request has its body, or what could be taken for one. */
export const SMUGGLED_REPOSITORY = 'smuggled/by-a-client';

const SMUGGLED = `GET /v2/quay.io/${SMUGGLED_REPOSITORY}/manifests/v1 HTTP/1.1\r\nHost: cache\r\n\r\n`;
const LENGTH = `Content-Length: ${SMUGGLED.length}`;
const CHUNKS = `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`;

/** Headers and what follows them. Whatever of it a server takes for a body, it must not take the rest for a request. */
export const framings: Arbitrary<readonly [string, string]> = fc.constantFrom<readonly [string, string]>(
  [LENGTH, SMUGGLED],
  ['Transfer-Encoding: chunked', CHUNKS],
  [`Content-Length: 4\r\nTransfer-Encoding: chunked`, CHUNKS],
  [`Transfer-Encoding: chunked\r\n${LENGTH}`, `0\r\n\r\n${SMUGGLED}`],
  [`Content-Length: 0\r\n${LENGTH}`, SMUGGLED],
  [`${LENGTH}\r\nContent-Length: 0`, SMUGGLED],
  [`Content-Length: 0, ${SMUGGLED.length}`, SMUGGLED],
  ['Content-Length: -1', SMUGGLED],
  ['Content-Length: +5', SMUGGLED],
  ['Content-Length: 0x10', SMUGGLED],
  ['Content-Length: 99999999999999999999', SMUGGLED],
  ['Transfer-Encoding: xchunked', CHUNKS],
  ['Transfer-Encoding: chunked, identity', CHUNKS],
  ['Transfer-Encoding: identity', CHUNKS],
  ['Transfer-Encoding: gzip, chunked', CHUNKS],
  ['Transfer-Encoding : chunked', CHUNKS],
  ['Transfer-Encoding:\x0bchunked', CHUNKS],
  ['Transfer-Encoding: chunked\r\nTransfer-Encoding: x', CHUNKS],
  ['Transfer-Encoding: chunked', `zz\r\n${SMUGGLED}`],
  ['Transfer-Encoding: chunked', `-1\r\n\r\n${SMUGGLED}`],
  ['Transfer-Encoding: chunked', `ffffffffffffffffff\r\n${SMUGGLED}`],
  ['Transfer-Encoding: chunked', `1;ext="\n"\r\nx\r\n${SMUGGLED}`],
  ['Transfer-Encoding: chunked', `5\r\nabcdeX${SMUGGLED}`],
  ['Transfer-Encoding: chunked', `0\r\nTrailer: x\r\n ${SMUGGLED}`],
);
