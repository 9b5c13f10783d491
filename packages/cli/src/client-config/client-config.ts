/** What makes a client pull through a cache. */
export interface ClientConfig {
  readonly files: readonly ClientFile[];
  /** What to do once the files are there, one command each. */
  readonly commands: readonly string[];
  /** What else to know: sentences. */
  readonly notes: readonly string[];
}

export interface ClientFile {
  /** Absolute, as on the machine of the client; a kind cluster's are relative to where it is created. */
  readonly path: string;
  readonly content: string;
}

/** A cache as its clients see it. */
export interface CacheForClients {
  /** `cachehost:8443` */
  readonly host: string;
  /** Whether it speaks plain HTTP. */
  readonly isPlain: boolean;
  /** PEM of what its certificate is trusted by; left out where clients trust it anyhow. */
  readonly ca: string | undefined;
  /** Whether clients must log in. */
  readonly needsLogin: boolean;
  readonly upstreams: readonly UpstreamForClients[];
}

export interface UpstreamForClients {
  readonly name: string;
  /** Where clients go when the cache cannot answer: `https://registry-1.docker.io`. */
  readonly url: string;
  /** Whether it is the one of names without an upstream. */
  readonly default: boolean;
}

/** `http://cachehost:5000` */
export function originOf({ isPlain, host }: CacheForClients): string {
  return `${isPlain ? 'http' : 'https'}://${host}`;
}

/** The file that trust comes from, where any is needed. */
export function caFile(path: string, { ca }: CacheForClients): ClientFile[] {
  return ca === undefined ? [] : [{ path, content: ca }];
}

/** A text of TOML; its basic strings escape as JSON's do. */
export function toml(text: string): string {
  return JSON.stringify(text);
}
