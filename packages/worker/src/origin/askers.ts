import { createHmac, randomBytes } from 'node:crypto';
import type { Credential } from '@registry-cache/config';
import { RegistryError } from '@registry-cache/oci';
import type { PullRequest } from '../pull-request.ts';
import type { Asker } from '../upstream/asker.ts';

/** Finds out in whose name the upstream is asked about a request. */
export interface Askers {
  /** @throws {RegistryError} `UNAUTHORIZED` for an `Authorization` that no registry understands */
  of(request: Pick<PullRequest, 'target' | 'query' | 'client'>): Asker;
}

const PRINTABLE = /^[\x20-\x7e]{0,2048}$/;

/** @param pseudonym how this cache names itself in `Via` */
export function createAskers(pseudonym: string): Askers {
  // Known to this process alone, so that what is in memory tells nothing about a password.
  const key = randomBytes(32);
  return {
    of({ target, query, client }) {
      const { authorization, via } = client;
      if (via !== undefined && !PRINTABLE.test(via))
        throw new RegistryError('NAME_INVALID', 'invalid request: malformed Via');
      // Only blobs are redirected by signed URLs; the query of a list is what it is about.
      const blobQuery = target.kind === 'blob' && query !== '' ? query : undefined;
      const ownVia = via === undefined ? `1.1 ${pseudonym}` : `${via}, 1.1 ${pseudonym}`;
      const id = createHmac('sha256', key)
        .update(JSON.stringify([authorization ?? null, blobQuery ?? null, via ?? null]))
        .digest('base64');
      return {
        id,
        credential: parseCredential(authorization),
        via: ownVia,
        ...(blobQuery === undefined ? {} : { blobQuery }),
      };
    },
  };
}

function parseCredential(authorization: string | undefined): Credential {
  if (authorization === undefined) return { kind: 'anonymous' };
  const [, scheme = '', value = ''] = /^(\w+) +([A-Za-z0-9._~+/-]+=*) *$/.exec(authorization) ?? [];
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return { kind: 'registry-token', token: value };
    case 'basic': {
      const text = Buffer.from(value, 'base64').toString('utf8');
      const colon = text.indexOf(':');
      if (colon !== -1) {
        return { kind: 'basic', username: text.slice(0, colon), password: text.slice(colon + 1) };
      }
    }
  }
  throw new RegistryError(
    'UNAUTHORIZED',
    'unsupported authorization: expected Basic user:password or Bearer',
  );
}
