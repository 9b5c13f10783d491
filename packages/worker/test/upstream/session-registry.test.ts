import { describe, expect, it } from 'vitest';
import { LATEST, NAME, patiently, registryOf, settingsOf } from './support/registry-of.ts';
import { startTokenRegistry } from './support/token-registry.ts';

describe('an update', () => {
  it.each([
    ['another tagttl', { tagTtlMs: 1 }],
    ['another default', { default: true }],
  ])('to %s keeps tokens', async (_, change) => {
    const upstream = await startTokenRegistry();
    const registry = registryOf(upstream.origin);
    await registry.manifestGet(NAME, LATEST, patiently());
    registry.update(settingsOf(upstream.origin, change));
    await registry.manifestGet(NAME, LATEST, patiently());
    expect(upstream.requestsTo('/token')).toHaveLength(1);
  });

  it('to other credentials asks for a token with them', async () => {
    const upstream = await startTokenRegistry();
    const registry = registryOf(upstream.origin);
    await registry.manifestGet(NAME, LATEST, patiently());
    const credential = { kind: 'basic', username: 'u', password: 'p' } as const;
    registry.update(settingsOf(upstream.origin, { credentials: [{ repositoryPrefix: '', credential }] }));
    await registry.manifestGet(NAME, LATEST, patiently());
    expect(upstream.requestsTo('/token').map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      `Basic ${Buffer.from('u:p').toString('base64')}`,
    ]);
  });
});
