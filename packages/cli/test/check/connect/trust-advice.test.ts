import type { UpstreamSettings } from '@registry-cache/config';
import { expect, test } from 'vitest';
import type { Diagnosis } from '../../../src/check/connect/diagnosis.ts';
import { trustAdvice } from '../../../src/check/connect/trust-advice.ts';
import { settingsOf } from '../../support/diagnose.ts';

type Anchor = 'public' | 'configured' | 'none';

async function upstreamsOf(
  authorization: UpstreamSettings['authorization'],
): Promise<readonly UpstreamSettings[]> {
  return (await settingsOf({ authorization })).upstreams;
}

function cache(anchor: Anchor): Diagnosis {
  const trust = { anchor, authority: 'CN=Cache CA' };
  return { kind: 'cache', url: 'https://cache.example.com', steps: [], trust, durationMs: 1 };
}

function upstream(anchor: Anchor): Diagnosis {
  const trust = { anchor, authority: 'CN=DTR CA' };
  return {
    kind: 'upstream',
    upstream: 'registry.test',
    url: 'https://dtr.test:8443',
    steps: [],
    trust,
    durationMs: 1,
  };
}

const INSTALL_CACHE = 'the certificate of CN=Cache CA as /etc/containers/certs.d/cache.example.com/ca.crt';
const INSTALL_ORIGIN = 'the certificate of CN=DTR CA as /etc/containers/certs.d/dtr.test:8443/ca.crt';
const DOCKER = '(docker: /etc/docker/certs.d)';
const ORIGIN_LINE =
  'dtr.test:8443 does not trust this cache by itself: add the certificate of CN=Cache CA to those that dtr.test:8443 trusts';

test('an origin and its clients have to be told of a private authority', async () => {
  expect(trustAdvice([upstream('configured'), cache('none')], await upstreamsOf('origin'))).toEqual([
    ORIGIN_LINE,
    `clients trust neither this cache nor dtr.test:8443 by themselves: install ${INSTALL_CACHE} and ${INSTALL_ORIGIN} there ${DOCKER}`,
  ]);
});

test('clients have to be told of the origin alone where the cache is publicly trusted', async () => {
  expect(trustAdvice([upstream('none'), cache('public')], await upstreamsOf('origin'))).toEqual([
    `clients do not trust dtr.test:8443 by themselves: install ${INSTALL_ORIGIN} there ${DOCKER}`,
  ]);
});

test('clients of a cache of many registries see its certificate only', async () => {
  expect(trustAdvice([upstream('configured'), cache('none')], await upstreamsOf('cache'))).toEqual([
    `clients do not trust this cache by themselves: install ${INSTALL_CACHE} there ${DOCKER}`,
  ]);
});

test('nothing is to be done where all certificates are publicly trusted', async () => {
  expect(trustAdvice([upstream('public'), cache('public')], await upstreamsOf('origin'))).toEqual([]);
});
