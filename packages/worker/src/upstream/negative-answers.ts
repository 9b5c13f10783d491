import { formatReference } from '@registry-cache/oci';
import { LRUCache } from 'lru-cache';
import { UpstreamError } from './upstream-error.ts';
import type { UpstreamRegistry } from './upstream-registry.ts';

/**
 * Remembers for some seconds that the upstream does not have something, or denies it: a fleet that pulls a misspelt image
 * again and again is one client of the upstream, and an image that is pushed meanwhile is seen after those seconds.
 */
export interface NegativeAnswers {
  around(registry: UpstreamRegistry): UpstreamRegistry;
  /** Other credentials may see more. */
  forget(): void;
}

export interface NegativeAnswersOptions {
  readonly now: () => number;
  readonly maxAnswers?: number;
}

interface NegativeAnswer {
  /** Undefined for a 404. */
  readonly denied: UpstreamError | undefined;
  readonly untilMs: number;
}

const REMEMBERED_MS = 5000;
// Whoever asks for ever other names costs memory no more than this.
const MAX_ANSWERS = 1000;

export function createNegativeAnswers({
  now,
  maxAnswers = MAX_ANSWERS,
}: NegativeAnswersOptions): NegativeAnswers {
  const createMemory = (): LRUCache<string, NegativeAnswer> => new LRUCache({ max: maxAnswers });
  let current = createMemory();

  async function remember<Answer>(
    question: string,
    ask: () => Promise<Answer | undefined>,
  ): Promise<Answer | undefined> {
    // What was asked before `forget` is remembered where nobody looks any more.
    const memory = current;
    const known = memory.get(question);
    if (known !== undefined && now() < known.untilMs) {
      if (known.denied !== undefined) throw again(known.denied);
      return undefined;
    }
    const keep = (denied?: UpstreamError): void =>
      void memory.set(question, { denied, untilMs: now() + REMEMBERED_MS });
    try {
      const answer = await ask();
      if (answer === undefined) keep();
      return answer;
    } catch (error) {
      if (error instanceof UpstreamError && error.code === 'denied') keep(error);
      throw error;
    }
  }

  return {
    around: (registry) => ({
      ...registry,
      manifestGet: (name, reference, options) =>
        remember(`GET ${name} ${formatReference(reference)}`, () =>
          registry.manifestGet(name, reference, options),
        ),
      manifestHead: (name, reference, options) =>
        remember(`HEAD ${name} ${formatReference(reference)}`, () =>
          registry.manifestHead(name, reference, options),
        ),
      blobHead: (name, digest, options) =>
        remember(`HEAD blob ${name} ${digest}`, () => registry.blobHead(name, digest, options)),
      blobGet: (name, digest, options) =>
        remember(`GET blob ${name} ${digest}`, () => registry.blobGet(name, digest, options)),
    }),
    forget() {
      current = createMemory();
    },
  };
}

function again(denied: UpstreamError): UpstreamError {
  const { code, message, status } = denied;
  return new UpstreamError(code, message, {
    cause: denied,
    remembered: true,
    ...(status === undefined ? {} : { status }),
  });
}
