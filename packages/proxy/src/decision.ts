import type { RegistryError } from '@registry-cache/oci';
import type { SmallAnswer } from './small-answer.ts';
import type { UpstreamRoute } from './url-shape.ts';

/** What is done about a request, once it is known who asks for what. */
export type Decision =
  | { readonly kind: 'pull'; readonly route: UpstreamRoute; readonly asker: Asker }
  /** No pull: `/v2/` and tokens. */
  | { readonly kind: 'answer'; readonly answer: SmallAnswer }
  | Refusal;

export interface Refusal {
  readonly kind: 'refused';
  readonly error: RegistryError;
  /** Sent as `WWW-Authenticate`. */
  readonly challenge: string;
}

/** On whose behalf a worker is asked. */
export interface Asker {
  /** Set where clients log in. */
  readonly user?: string;
  /** What only the worker of an upstream that says itself who may pull is told. */
  readonly origin?: OriginAsker;
}

export interface OriginAsker {
  /** The client's own; missing where it is anonymous, or has nothing but a signed query. */
  readonly authorization?: string;
  /** The caches that the request has passed. */
  readonly via?: string;
  /** Sent as `WWW-Authenticate` where the worker answers 401. */
  readonly challenge: string;
  /** Told the status of the worker's answer. */
  readonly onStatus?: (status: number) => void;
}

/** `/v2/`, for whoever may come in. */
export const API_BASE: Decision = {
  kind: 'answer',
  answer: { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' },
};
