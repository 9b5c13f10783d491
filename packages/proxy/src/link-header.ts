import type { UpstreamRoute } from './url-shape.ts';

/**
 * A worker's `Link`, in the URL shape that the client asked in. The worker names pages of the list that it was asked for; a
 * link to anything else has no URL here and is left out.
 *
 * @see RFC 8288; OCI distribution-spec, "Listing Tags"
 */
export function rewriteLink(link: string, route: UpstreamRoute): string | undefined {
  const rewritten = [...link.matchAll(/<([^>]*)>([^<]*)/g)].flatMap(([, target = '', parameters = '']) => {
    const url = clientUrl(target, route);
    return url === undefined ? [] : [`<${url}>${parameters.replace(/[\s,]+$/, '')}`];
  });
  return rewritten.length === 0 ? undefined : rewritten.join(', ');
}

function clientUrl(target: string, { path, client }: UpstreamRoute): string | undefined {
  const [, targetPath, query = ''] = /^([^?]*)\??(.*)$/.exec(target) ?? [];
  if (targetPath !== path) return undefined;
  const fields = [query, client.ns === undefined ? '' : `ns=${encodeURIComponent(client.ns)}`];
  const clientQuery = fields.filter((field) => field !== '').join('&');
  return clientQuery === '' ? client.path : `${client.path}?${clientQuery}`;
}
