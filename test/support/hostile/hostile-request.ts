import fc, { type Arbitrary } from 'fast-check';
import { framings } from './hostile-framings.ts';
import { headers } from './hostile-headers.ts';
import { methods, targets } from './hostile-targets.ts';

const versions = fc.oneof(
  { weight: 12, arbitrary: fc.constant('HTTP/1.1') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('HTTP/1.0', 'HTTP/2.0', 'HTTP/0.9', 'http/1.1', 'HTTP/1.1 x', 'HTTP/1', ''),
  },
);

const noFraming = ['', ''] as const;

/** The bytes of one connection. Most of them ask for the connection to be closed, so that nobody has to wait for it. */
const hostileRequests: Arbitrary<string> = fc
  .record({
    method: methods,
    target: targets,
    version: versions,
    hosts: fc.constantFrom('Host: cache', 'Host: cache', 'Host: cache', ''),
    headers: fc.array(headers, { maxLength: 3 }),
    framing: fc.oneof({ weight: 2, arbitrary: fc.constant(noFraming) }, framings),
    close: fc.constantFrom('Connection: close', 'Connection: close', 'Connection: close', ''),
    lineEnd: fc.oneof({ weight: 12, arbitrary: fc.constant('\r\n') }, fc.constantFrom('\n', '\r', '\r\r\n')),
    cutAt: fc.oneof({ weight: 8, arbitrary: fc.constant(undefined) }, fc.nat(200)),
  })
  .map(({ method, target, version, hosts, headers: more, framing, close, lineEnd, cutAt }) => {
    const [framingHeaders, body] = framing;
    const fields = [hosts, ...more, framingHeaders, close].filter((field) => field !== '');
    const request = `${method} ${target} ${version}${lineEnd}${fields.map((field) => field + lineEnd).join('')}${lineEnd}`;
    return cutAt === undefined ? request + body : request.slice(0, cutAt);
  });

/** The same seed gives the same requests. */
export function hostileRequestsOf(seed: number, count: number): Buffer[] {
  return fc.sample(hostileRequests, { seed, numRuns: count }).map((text) => Buffer.from(text, 'utf8'));
}

/** What begins like TLS and is none. */
export function hostileHandshakesOf(seed: number, count: number): Buffer[] {
  const garbage = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.concat([Buffer.of(0x16), bytes]));
  return fc.sample(garbage, { seed, numRuns: count });
}
