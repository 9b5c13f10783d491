import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { handleClientError } from '../../src/listener/client-error.ts';
import { collectingLog } from '../support/proxy.ts';

// The codes that curl (OpenSSL) and skopeo (Go) cause when they do not know our certificate.
test.each([['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'], ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE']])(
  '%s is named in the log for what it means',
  (code) => {
    const { socket, logLines } = fail(code);
    expect(socket.destroyed).toBe(true);
    expect(logLines).toEqual([
      expect.objectContaining({
        level: 'warn',
        code,
        msg: 'a client does not trust the certificate of this cache',
      }),
    ]);
  },
);

test.each([
  ['HPE_INVALID_METHOD', 'HTTP/1.1 400 '],
  ['HPE_HEADER_OVERFLOW', 'HTTP/1.1 431 '],
  ['ERR_HTTP_REQUEST_TIMEOUT', 'HTTP/1.1 408 '],
])('%s is answered', (code, start) => {
  const { socket, refused } = fail(code);
  expect(String(socket.read())).toMatch(start);
  expect(refused).toEqual(['UNSUPPORTED']);
});

test('a connection that broke is closed without a word', () => {
  const { socket, refused } = fail('ECONNRESET');
  expect(socket.destroyed).toBe(true);
  expect(refused).toEqual([]);
  expect(socket.read()).toBe(null);
});

test('an answer that is being sent is cut short rather than added to', () => {
  const { socket } = fail('HPE_INVALID_METHOD', true);
  expect(socket.destroyed).toBe(true);
  expect(socket.read()).toBe(null);
});

interface Failed {
  readonly socket: PassThrough;
  readonly logLines: Record<string, unknown>[];
  /** Codes of what was answered. */
  readonly refused: string[];
}

function fail(code: string, answering = false): Failed {
  const { log, logLines } = collectingLog();
  const refused: string[] = [];
  // Paused, so that what is written can be read back.
  const socket = new PassThrough({ allowHalfOpen: true });
  socket.resume = () => socket;
  handleClientError(Object.assign(new Error('failed'), { code }), socket, {
    isAnswering: () => answering,
    onRefused: (code) => refused.push(code),
    log,
  });
  return { socket, logLines, refused };
}
