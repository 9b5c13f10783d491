import { formatReference, RegistryError } from '@registry-cache/oci';
import { LRUCache } from 'lru-cache';
import type { Answer } from '../answer/answer.ts';
import type { PullRequest } from '../pull-request.ts';
import type { Asker } from '../upstream/asker.ts';
import type { UpdatableUpstreamRegistry } from '../upstream/create-upstream-registry.ts';
import { UpstreamError } from '../upstream/upstream-error.ts';
import type { ClientRegistry } from '../upstream/upstream-registry.ts';
import { createView, type CommonGround, type View } from '../view.ts';
import { createAskers } from './askers.ts';
import { askForProof, type Proved, type ProvableRequest } from './proof-of-access.ts';
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
 * 3. Before the view answers, the upstream must have let this credential pull from the repository: by an answer to a HEAD of what
 *    is asked for, now or at most `authorizationTtlMs` ago. Signed URLs and lists are proved for themselves alone.
 * 4. Views share what is stored and what is being filled, so that a blob is transferred once, and nothing else.
 */
export function createOriginAuthorization(options: OriginAuthorizationOptions): OriginAuthorization {
  const { upstream, upstreamName, log, steadyNow, signal } = options;
  const askers = createAskers(options.pseudonym);
  const proofs = createProofs({ ttlMs: options.authorizationTtlMs, now: () => performance.now() });
  const clients = new LRUCache<string, Client>({ max: MAX_CLIENTS });

  function clientOf(asker: Asker): Client {
    const known = clients.get(asker.id);
    if (known !== undefined) return known;
    const asClient = upstream.as(asker);
    const client = {
      asker,
      upstream: asClient,
      view: createView(asClient, { ...options, isDenialStale: false }),
    };
    clients.set(asker.id, client);
    return client;
  }

  /** @throws {UpstreamError} `denied` when the upstream does not know who asks */
  async function proveLogin({ asker, upstream }: Client): Promise<void> {
    const subject = `${asker.id} login`;
    if (proofs.holds(subject)) return;
    await proofs.obtain(subject, async () => {
      upstream.forgetTokens();
      await upstream.login({ signal });
      return subject;
    });
  }

  /** @returns how long the upstream was waited for, in milliseconds */
  async function proveAccess({ asker, upstream }: Client, target: ProvableRequest): Promise<number> {
    const subjects = subjectsOf(asker, target);
    if (proofs.holds(subjects.repository) || proofs.holds(subjects['only this'])) return 0;
    const askedAtMs = steadyNow();
    await proofs.obtain(subjects['only this'], async () => {
      upstream.forgetTokens();
      return subjects[await askForProof(target, { ...options, upstream })];
    });
    return steadyNow() - askedAtMs;
  }

  function dropProofs({ asker }: Client, target: PullRequest['target']): void {
    if (target.kind === 'base' || target.kind === 'referrers') return;
    for (const subject of Object.values(subjectsOf(asker, target))) proofs.drop(subject);
  }

  /**
   * Whether the upstream knows who asks, and only does not let it have this. Some say so by 401 and some by 403, of either.
   *
   * @throws {UpstreamError} when it cannot say
   */
  async function isKnown(client: Client, error: UpstreamError): Promise<boolean> {
    const { kind } = client.asker.credential;
    if (kind !== 'basic') return kind !== 'anonymous' && error.status === 403;
    try {
      await proveLogin(client);
      return true;
    } catch (refused) {
      if (refused instanceof UpstreamError && refused.code === 'denied') return false;
      throw refused;
    }
  }

  async function refusal(error: UpstreamError, client: Client, request: PullRequest): Promise<RegistryError> {
    const { target } = request;
    const repository = target.kind === 'base' ? undefined : target.name;
    const isDenied = repository !== undefined && (await isKnown(client, error));
    const code = isDenied ? 'DENIED' : 'UNAUTHORIZED';
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
    const provedInMs = target.kind === 'referrers' ? 0 : await proveAccess(client, target);
    const found = forThisClient(await client.view.answer(request));
    return provedInMs === 0 ? found : { ...found, upstreamMs: provedInMs + (found.upstreamMs ?? 0) };
  }

  return {
    async answer(request) {
      const client = clientOf(askers.of(request));
      try {
        return await answer(client, request);
      } catch (error) {
        if (!(error instanceof UpstreamError) || error.code !== 'denied') throw error;
        // Whatever it has allowed before.
        dropProofs(client, request.target);
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

/** The next one who asks for the same may not be allowed to have it. */
function forThisClient(answer: Answer): Answer {
  return 'repeatForSeconds' in answer ? { ...answer, repeatForSeconds: 0 } : answer;
}

/** What proves that a client may have something: the right to pull from the repository, or to just this. */
function subjectsOf({ id, blobQuery }: Asker, target: ProvableRequest): Record<Proved, string> {
  const onlyThis = `${id} only ${describe(target)}`;
  const isPull = target.kind === 'manifest' || target.kind === 'blob';
  // A URL is signed for itself alone.
  const repository = isPull && blobQuery === undefined ? `${id} all of ${target.name}` : onlyThis;
  return { repository, 'only this': onlyThis };
}

function describe(target: ProvableRequest): string {
  switch (target.kind) {
    case 'manifest':
      return `manifest ${target.name} ${formatReference(target.reference)}`;
    case 'blob':
      return `blob ${target.name} ${target.digest}`;
    case 'tags':
      return `tags ${target.name}`;
  }
}
