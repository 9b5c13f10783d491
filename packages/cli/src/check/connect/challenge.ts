import type { IncomingHttpHeaders } from 'node:http';

/** What a registry wants of those who log in. */
export type Challenge =
  | { readonly kind: 'bearer'; readonly realm: string; readonly service: string | undefined }
  | { readonly kind: 'basic'; readonly realm: string | undefined };

/** The challenge that pulls answer, of one or several: Bearer before Basic. @see RFC 9110, section 11.6.1 */
export function findChallenge(headers: IncomingHttpHeaders): Challenge | undefined {
  const text = headers['www-authenticate'] ?? '';
  const bearer = parametersOf(text, 'bearer');
  const realm = bearer?.get('realm');
  if (realm !== undefined) return { kind: 'bearer', realm, service: bearer?.get('service') };
  const basic = parametersOf(text, 'basic');
  return basic === undefined ? undefined : { kind: 'basic', realm: basic.get('realm') };
}

const PARAMETER = /([\w!#$%&'*+.^`|~-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))[\s,]*/y;

function parametersOf(text: string, scheme: string): ReadonlyMap<string, string> | undefined {
  const start = new RegExp(`(?:^|[\\s,])${scheme}(?:[ \\t]+|$)`, 'i').exec(text);
  if (start === null) return undefined;
  const parameters = new Map<string, string>();
  PARAMETER.lastIndex = start.index + start[0].length;
  for (let match = PARAMETER.exec(text); match !== null; match = PARAMETER.exec(text)) {
    const [, name = '', quoted, plain = ''] = match;
    const key = name.toLowerCase();
    if (!parameters.has(key)) parameters.set(key, quoted?.replaceAll(/\\(.)/gs, '$1') ?? plain);
  }
  return parameters;
}
