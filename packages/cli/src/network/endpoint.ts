/** A server that is asked, and what an operator would change to have another asked or this one trusted. */
export interface Endpoint {
  readonly url: URL;
  /** PEM texts of certificate authorities trusted besides the system's. */
  readonly cas: readonly string[];
  /** Where the URL was given: `upstreams.quay.io.url`. */
  readonly urlSetting: string;
  /** Where a certificate authority can be added: `upstreams.quay.io.cas`. */
  readonly casSetting: string;
  /** Where the server's own authority can be had; left out where that is not known. */
  readonly caSource?: string;
}

/** How long all that is done with one server may take together. */
export interface Deadline {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** The host as sockets and certificates know it: an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

/** `quay.io:443`: with the port, also where it goes without saying. */
export function authorityOf(url: URL): string {
  return `${url.hostname}:${portOf(url)}`;
}

/** Where a DTR or MSR gives out the authority of its certificate. */
export function caOfOrigin(origin: URL): string {
  return `a DTR or MSR gives it out at ${origin.origin}/ca`;
}
