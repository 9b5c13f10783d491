import { afterEach, expect, test, vi } from 'vitest';
import { startLoopbackServer } from './support/loopback-server.ts';
import { LATEST, NAME, patiently, registryOf, upstreamErrorOf } from './support/registry-of.ts';

afterEach(() => vi.restoreAllMocks());

test.each([
  ['a limit', { 'retry-after': '1' }, 429],
  ['a denial', {}, 403],
] as const)(
  '%s of seconds is not one of a day when the clock is set back',
  async (_case, headers, refusal) => {
    let status: number = refusal;
    const upstream = await startLoopbackServer((response) =>
      response.writeHead(status, { ...headers, 'content-length': 2 }).end('{}'),
    );
    const steady = vi.spyOn(performance, 'now');
    const system = vi.spyOn(Date, 'now');
    const registry = registryOf(upstream.origin);
    const ask = (): Promise<unknown> => registry.manifestGet(NAME, LATEST, patiently());
    await upstreamErrorOf(ask());
    status = 200;
    const later = performance.now() + 6000;
    system.mockReturnValue(Date.now() - 86_400_000);
    steady.mockReturnValue(later);
    expect(await ask()).toBeDefined();
  },
);
