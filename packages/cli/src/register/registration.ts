/** What is asked of the origin. */
export interface Registration {
  readonly origin: URL;
  /** What the origin calls the cache. */
  readonly name: string;
  /** Where clients reach the cache, as it was written. */
  readonly host: string;
  /** Who is to pull through it. */
  readonly user: string | undefined;
}

/** What has come of it. */
export interface Registered {
  readonly origin: string;
  readonly name: string;
  readonly host: string;
  /** `unchanged` where it was registered before. */
  readonly outcome: 'created' | 'unchanged';
  /** Whose settings name the cache now. */
  readonly user?: string;
}
