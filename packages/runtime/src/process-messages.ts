/**
 * What a supervisor tells its child over IPC:
 * - `start`: comes first and once;
 * - `reload`: its settings have changed;
 * - `sleep`: it may end, unless it has something to do again: the answer to `idle`;
 * - `make-room`: the disk is full, whoever can free some of it should;
 * - `ping`: to be answered by `pong`, by which a process that hangs is told from one that lives.
 */
export type MessageToChild<Settings> =
  | { readonly type: 'start'; readonly settings: Settings }
  | { readonly type: 'reload'; readonly settings: Settings }
  | { readonly type: 'sleep' }
  | { readonly type: 'make-room' }
  | { readonly type: 'ping' };

/**
 * What a child tells its supervisor:
 * - `ready`: it serves;
 * - `reloaded`: it serves by the settings it was sent last;
 * - `idle`: it has had nothing to do for long, and may be told to `sleep`;
 * - `busy`: it was told to, and has something to do;
 * - `wake`: nobody listens at a socket that it has a request for;
 * - `report`: the result of a process that was started for one job;
 * - `disk-full`: it could not write to the data directory for want of room;
 * - `pong`: it lives.
 */
export type MessageToSupervisor =
  | { readonly type: 'ready' }
  | { readonly type: 'reloaded' }
  | { readonly type: 'idle' }
  | { readonly type: 'busy' }
  | { readonly type: 'wake'; readonly socketPath: string }
  | { readonly type: 'report'; readonly report: unknown }
  | { readonly type: 'disk-full' }
  | { readonly type: 'pong' };
