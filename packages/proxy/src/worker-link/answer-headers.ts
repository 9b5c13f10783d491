import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { rewriteLink } from '../link-header.ts';
import type { UpstreamRoute } from '../url-shape.ts';

// Of the connection between worker and proxy, or meant for the proxy alone, or an upstream's own business with this cache.
const DROPPED: ReadonlySet<string> = new Set([
  'connection',
  'date',
  'keep-alive',
  'link',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'www-authenticate',
]);

/** The headers of a worker's answer as its client gets them. */
export function clientAnswerHeaders(
  answer: Pick<IncomingMessage, 'headers'>,
  route: UpstreamRoute,
): OutgoingHttpHeaders {
  const ofConnection = new Set((answer.headers.connection ?? '').toLowerCase().split(/\s*,\s*/));
  const kept = Object.entries(answer.headers).filter(
    ([name]) => !DROPPED.has(name) && !ofConnection.has(name) && !isForProxy(name),
  );
  const { link } = answer.headers;
  const clientLink = typeof link === 'string' ? rewriteLink(link, route) : undefined;
  return { ...Object.fromEntries(kept), ...(clientLink === undefined ? {} : { link: clientLink }) };
}

function isForProxy(name: string): boolean {
  return name.startsWith('x-accel-') || name.startsWith('x-registry-cache-');
}
