import type { Terminal } from '../terminal/terminal.ts';

/** Which running cache is meant; without both the one that would be served from here. */
export interface CacheAddress {
  /** The config.yml that it was started with. */
  readonly config?: string;
  /** Its control socket. */
  readonly socket?: string;
}

/** What every command is told that talks to a running cache. */
export interface ControlOptions extends CacheAddress {
  readonly output: 'text' | 'json';
  readonly terminal: Terminal;
}
