import { formatReference, RegistryError, type RegistryRequest } from '@registry-cache/oci';
import { LRUCache } from 'lru-cache';
import type { Answer } from '../answer/answer.ts';
import type { PullRequest } from '../pull-request.ts';
import type { Asker } from '../upstream/asker.ts';
import type { UpdatableUpstreamRegistry } from '../upstream/create-upstream-registry.ts';
import { UpstreamError } from '../upstream/upstream-error.ts';
import type { ClientRegistry, UpstreamRegistry } from '../upstream/upstream-registry.ts';
import { createView, type CommonGround, type View } from '../view.ts';
import { createAskers } from './askers.ts';
import { createProofs } from './proofs.ts';

/** Answers a client only with what the upstream lets that very client have. */
export interface OriginAuthorization {
  /**
   * @throws {RegistryError} `UNAUTHORIZED` for a client that is not known, `DENIED` for one that may not pull this, and the codes
   * of what is unknown where the upstream says so
   * @throws {UpstreamError} when the upstream cannot say: then nothing is served, however well it is cached
   */
  answer(request: PullRequest): Promise<Answer>;
  forget(): void;
}

export interface OriginAuthorizationOptions extends CommonGround {
  readonly upstream: UpdatableUpstreamRegistry;
  readonly authorizationTtlMs: () => number;
  readonly pseudonym: string;
}

type Request = Exclude<RegistryRequest, { readonly kind: 'base' }>;

interface Client {
  readonly asker: Asker;
  /** The upstream, asked in the client's name. */
  readonly upstream: ClientRegistry;
  readonly view: View;
}

const MAX_CLIENTS = 1000;

/**
 * 1. Whose credential a request carries is told by a keyed hash of it.
 * 2. For each credential there is a view of its own, whose questions to the upstream are asked with that credential and no other.
 * 3. Before the view answers, the upstream must have let this credential into the repository: by an answer to a HEAD of what
 *    is asked for, now or at most `authorizationTtlMs` ago. A signed URL is proved for itself alone.
 * 4. Views share what is stored and what is being filled, so that a blob is transferred once, and nothing else.
 */
export function createOriginAuthorization(options: OriginAuthorizationOptions): OriginAuthorization {
  const { upstream, upstreamName, log, signal } = options;
  const askers = createAskers(options.pseudonym);
  const proofs = createProofs({ ttlMs: options.authorizationTtlMs, now: () => performance.now() });
  const clients = new LRUCache<string, Client>({ max: MAX_CLIENTS });

  function clientOf(asker: Asker): Client {
    const known = clients.get(asker.id);
    if (known !== undefined) return known;
    const asClient = upstream.as(asker);
    const client = { asker, upstream: asClient, view: createView(asClient, options) };
    clients.set(asker.id, client);
    return client;
  }

  /** @throws {UpstreamError} `denied` when the upstream does not know who asks */
  async function proveLogin({ asker, upstream }: Client): Promise<void> {
    const subject = `${asker.id} login`;
    if (proofs.holds(subject)) return;
    await proofs.obtain(subject, '', () => {
      upstream.forgetTokens();
      return upstream.login({ signal });
    });
  }

  async function proveAccess(client: Client, target: Request): Promise<void> {
    const { asker, upstream } = client;
    const subject = subjectOf(asker, target);
    if (proofs.holds(subject)) return;
    await proofs.obtain(subject, describe(target), () => {
      upstream.forgetTokens();
      return ask(upstream, target, signal);
    });
  }

  /** Whether the upstream still knows who asks, and only does not let it have this. */
  async function isKnown(client: Client): Promise<boolean> {
    if (client.asker.credential.kind !== 'basic') return false;
    try {
      await proveLogin(client);
      return true;
    } catch (error) {
      if (error instanceof UpstreamError) return false;
      throw error;
    }
  }

  async function refusal(error: UpstreamError, client: Client, request: PullRequest): Promise<RegistryError> {
    const { target } = request;
    const repository = target.kind === 'base' ? undefined : target.name;
    const isDenied = error.status === 403 || (repository !== undefined && (await isKnown(client)));
    const code = isDenied && client.asker.credential.kind !== 'anonymous' ? 'DENIED' : 'UNAUTHORIZED';
    const what = repository === undefined ? 'this login' : `this client to pull ${repository}`;
    const refused = new RegistryError(code, `${upstreamName} does not allow ${what}`);
    if (!error.remembered) {
      const { user = client.asker.credential.kind, address } = request.client;
      const { status } = refused;
      log.info(
        { user, address, repository, status, code, reason: error.message },
        'client refused by the origin',
      );
    }
    return refused;
  }

  async function answer(client: Client, request: PullRequest): Promise<Answer> {
    const { target } = request;
    if (target.kind === 'base') {
      await proveLogin(client);
      return LOGGED_IN;
    }
    await proveAccess(client, target);
    return client.view.answer(request);
  }

  return {
    async answer(request) {
      const client = clientOf(askers.of(request));
      try {
        return await answer(client, request);
      } catch (error) {
        if (!(error instanceof UpstreamError) || error.code !== 'denied') throw error;
        // Whatever it has allowed before.
        if (request.target.kind !== 'base') proofs.drop(subjectOf(client.asker, request.target));
        throw await refusal(error, client, request);
      }
    },
    forget() {
      proofs.forget();
      clients.clear();
    },
  };
}

const LOGGED_IN: Answer = {
  kind: 'document',
  bytes: Buffer.from('{}'),
  outcome: 'forwarded',
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
};

/** What a proof is of: the repository, or just the one URL that was signed. */
function subjectOf({ id, blobQuery }: Asker, target: Request): string {
  return blobQuery === undefined ? `${id} ${target.name}` : `${id} ${describe(target)}`;
}

function describe(target: Request): string {
  switch (target.kind) {
    case 'manifest':
      return `manifest ${target.name} ${formatReference(target.reference)}`;
    case 'blob':
      return `blob ${target.name} ${target.digest}`;
    case 'tags':
      return `tags ${target.name}`;
    case 'referrers':
      return `referrers ${target.name} ${target.digest}`;
  }
}

/**
 * Asks the upstream about what the client asks for, as cheaply as it can be asked: an answer is the proof.
 *
 * @throws {UpstreamError}; @throws {RegistryError} where there is no such thing as far as the client may know
 */
async function ask(upstream: UpstreamRegistry, target: Request, signal: AbortSignal): Promise<void> {
  switch (target.kind) {
    case 'manifest': {
      const head = await upstream.manifestHead(target.name, target.reference, { signal });
      // An upstream that refuses HEAD has not said yet who may have it.
      const isProved = head !== undefined && head.digest !== undefined;
      const found =
        isProved || (head && (await upstream.manifestGet(target.name, target.reference, { signal })));
      if (found === undefined) throw new RegistryError('MANIFEST_UNKNOWN');
      return;
    }
    case 'blob':
      if ((await upstream.blobHead(target.name, target.digest, { signal })) === undefined) {
        throw new RegistryError('BLOB_UNKNOWN');
      }
      return;
    case 'tags':
      if ((await upstream.list(target.name, 'tags/list', 'n=1', { signal })) === undefined) {
        throw new RegistryError('NAME_UNKNOWN');
      }
      return;
    case 'referrers': {
      const { name, digest } = target;
      if ((await upstream.list(name, `referrers/${digest}`, '', { signal })) !== undefined) return;
      throw new RegistryError('MANIFEST_UNKNOWN', 'the upstream has no referrers API or no such manifest');
    }
  }
}
