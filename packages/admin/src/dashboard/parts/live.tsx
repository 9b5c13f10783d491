import { createHash } from 'node:crypto';
import type { JSX, VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { linkTo } from '../links.ts';

export type LivePart = 'figures' | 'fills' | 'upstreams' | 'errors';

const REFRESHED_EVERY: Readonly<Record<LivePart, string>> = {
  fills: '2s',
  figures: '5s',
  upstreams: '5s',
  errors: '5s',
};

const FINGERPRINT_LENGTH = 12;

/** A part of a page as it is now, and a fingerprint by which the browser asks whether it has changed. */
export interface RenderedPart {
  readonly html: string;
  readonly fingerprint: string;
}

export function renderPart(content: VNode): RenderedPart {
  const html = renderToString(content);
  const hash = createHash('sha256').update(html).digest('base64url');
  return { html, fingerprint: hash.slice(0, FINGERPRINT_LENGTH) };
}

export interface LiveProps {
  readonly part: LivePart;
  readonly parameters?: Readonly<Record<string, string | undefined>>;
  readonly content: RenderedPart;
}

/**
 * Asks for itself again and again, and is replaced when it has changed: what stays the same stays in the page, with its focus and
 * whatever a screen reader was reading.
 */
export function Live({ part, parameters = {}, content: { html, fingerprint } }: LiveProps): JSX.Element {
  return (
    <div
      id={`live-${part}`}
      class="live"
      hx-get={linkTo(`parts/${part}`, { ...parameters, seen: fingerprint })}
      hx-trigger={`every ${REFRESHED_EVERY[part]}`}
      hx-swap="outerHTML"
      dangerouslySetInnerHTML={{ __html: html }}
    />
  );
}
