import type { RegistryClient } from '../support/client/registry-client.ts';
import type { Ledger } from './ledger.ts';
import type { OnDisk } from './on-disk.ts';
import type { Random } from './random.ts';
import type { Site } from './scene.ts';

/** A client that pulls without pause. */
export interface Visitor {
  readonly client: RegistryClient;
  /** The same cache, for those who may not pull what `client` may. */
  readonly intruders: readonly Intruder[];
  readonly ledger: Ledger;
  readonly onDisk: OnDisk;
  readonly random: Random;
}

/** Somebody who may not pull. */
export interface Intruder {
  readonly client: RegistryClient;
  readonly kind: 'nobody' | 'outsider';
  /** What the cache answers while nothing fails. */
  readonly status: 401 | 403;
  /** Whether it is kept from this site at all. */
  readonly isKeptFrom: (site: Site) => boolean;
}
