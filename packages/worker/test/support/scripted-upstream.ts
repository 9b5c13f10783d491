import { Readable } from 'node:stream';
import {
  digestOf,
  formatReference,
  type Digest,
  type Reference,
  type RepositoryName,
} from '@registry-cache/oci';
import { aroundQuestions } from '../../src/upstream/around-questions.ts';
import type { Asker } from '../../src/upstream/asker.ts';
import type { UpdatableUpstreamRegistry } from '../../src/upstream/create-upstream-registry.ts';
import { UpstreamError } from '../../src/upstream/upstream-error.ts';
import type {
  BlobRange,
  ClientRegistry,
  UpstreamBlob,
  UpstreamHead,
} from '../../src/upstream/upstream-registry.ts';

/** An upstream in memory: it holds what a test gives it, counts what is asked of it, and fails when told to. */
export interface ScriptedUpstream extends UpdatableUpstreamRegistry {
  /** `GET blob org/image sha256:…`, in order. */
  readonly calls: string[];
  /** Bodies of blobs, where a test wants to send them at its own pace: `<name>@<digest>`. */
  readonly bodies: Map<string, (range: BlobRange | undefined) => UpstreamBlob>;
  putBlob(name: RepositoryName, bytes: Uint8Array): Digest;
  putManifest(name: RepositoryName, document: unknown, tag?: string): Digest;
  removeTag(name: RepositoryName, tag: string): void;
  /** No call is answered until the returned function is called. */
  hold(): () => void;
  /** Every call rejects with this until it is cleared. */
  failure: UpstreamError | undefined;
  /** As registries do that answer 405. */
  refusesHead: boolean;
  /** Of a client in whose name it is asked: by user name, or by its kind where it has none. Nobody may where it is not told. */
  readonly mayPull: Map<string, ReadonlySet<string>>;
}

export function createScriptedUpstream(): ScriptedUpstream {
  const manifests = new Map<string, Uint8Array>();
  const blobs = new Map<string, Uint8Array>();

  let held: Promise<void> | undefined;

  async function record(call: string): Promise<void> {
    upstream.calls.push(call);
    await held;
    if (upstream.failure !== undefined) throw upstream.failure;
  }

  function headOf(bytes: Uint8Array | undefined): UpstreamHead | undefined {
    return bytes === undefined ? undefined : { digest: digestOf(bytes), sizeBytes: bytes.byteLength };
  }

  const key = (name: RepositoryName, reference: Reference): string => `${name}@${formatReference(reference)}`;

  /** What is asked in a client's name is recorded with that name. */
  function as({ credential, blobQuery }: Asker): ClientRegistry {
    const client = credential.kind === 'basic' ? credential.username : (blobQuery ?? credential.kind);
    const registry = aroundQuestions(upstream, async ({ name }, ask) => {
      const index = upstream.calls.length;
      const asked = ask();
      upstream.calls[index] = `${client}: ${upstream.calls[index]}`;
      const answer = await asked;
      const rights = upstream.mayPull.get(client);
      if (rights === undefined || (name !== undefined && !rights.has(name))) {
        throw new UpstreamError('denied', 'answered 401, expected 200', { status: 401 });
      }
      return answer;
    });
    return { ...registry, forgetTokens: () => {} };
  }

  const upstream: ScriptedUpstream = {
    as,
    update: () => {},
    mayPull: new Map(),
    refusesHead: false,
    calls: [],
    bodies: new Map(),
    failure: undefined,

    hold() {
      let release = (): void => {};
      held = new Promise((resolve) => (release = resolve));
      return release;
    },
    putBlob(name, bytes) {
      const digest = digestOf(bytes);
      blobs.set(`${name}@${digest}`, bytes);
      return digest;
    },
    putManifest(name, document, tag) {
      const bytes = Buffer.from(JSON.stringify(document));
      const digest = digestOf(bytes);
      manifests.set(`${name}@${digest}`, bytes);
      if (tag !== undefined) manifests.set(`${name}@${tag}`, bytes);
      return digest;
    },
    removeTag(name, tag) {
      manifests.delete(`${name}@${tag}`);
    },

    async manifestGet(name, reference) {
      await record(`GET manifest ${key(name, reference)}`);
      const bytes = manifests.get(key(name, reference));
      return bytes === undefined ? undefined : { bytes, digest: digestOf(bytes) };
    },
    async manifestHead(name, reference) {
      await record(`HEAD manifest ${key(name, reference)}`);
      return upstream.refusesHead ? {} : headOf(manifests.get(key(name, reference)));
    },
    async blobHead(name, digest) {
      await record(`HEAD blob ${name}@${digest}`);
      return headOf(blobs.get(`${name}@${digest}`));
    },
    async blobGet(name, digest, { range }) {
      await record(`GET blob ${name}@${digest}${range === undefined ? '' : ` from ${range.start}`}`);
      const body = upstream.bodies.get(`${name}@${digest}`);
      if (body !== undefined) return body(range);
      const bytes = blobs.get(`${name}@${digest}`);
      if (bytes === undefined) return undefined;
      const part = bytes.subarray(range?.start ?? 0, range?.end);
      return { body: Readable.from([part]), start: range?.start ?? 0, sizeBytes: bytes.byteLength };
    },
    async list(name, endpoint, query) {
      await record(`GET ${endpoint} ${name}?${query}`);
      return undefined;
    },
    async login() {
      await record('GET /v2/');
    },
    async close() {},
  };
  return upstream;
}

export const unreachable = (): UpstreamError => new UpstreamError('unreachable', 'connection refused');
