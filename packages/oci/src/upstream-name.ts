declare const upstreamNameBrand: unique symbol;

/** An upstream registry as users write it before a repository: `quay.io`, `registry.example.com:5000`. */
export type UpstreamName = string & { readonly [upstreamNameBrand]: true };

const LABEL = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?';
const HOST = `${LABEL}(?:\\.${LABEL})*`;
const UPSTREAM_NAME = new RegExp(`^${HOST}(?::[0-9]{1,5})?$`);

/** The upstream that `text` names, in lower case, or undefined when it is not `host[:port]`. */
export function findUpstreamName(text: string): UpstreamName | undefined {
  const name = text.toLowerCase();
  if (name.length > 253 || !UPSTREAM_NAME.test(name)) return undefined;
  const port = name.split(':')[1];
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return undefined;
  return name as UpstreamName;
}
