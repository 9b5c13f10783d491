import type { ProcessName } from '@registry-cache/runtime';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a fake child noted down about itself. */
export interface Entry {
  readonly process: string;
  readonly pid: number;
  readonly event: 'started' | 'reloaded' | 'makes room' | 'stopping' | 'stopped';
  readonly settings: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string>>;
  readonly argv: readonly string[];
}

export interface FakeChildren {
  readonly entryPoint: (name: ProcessName) => string;
  entries(): Entry[];
  /** From now on, starts of this process run this code in place of what a fake child does. */
  replace(name: ProcessName, code: string): void;
  /** While it is held, a process that was asked to stop finishes something. */
  hold(id: string): void;
  release(id: string): void;
}

/**
 * Real processes that follow the life of a process of this cache, and do nothing in it but note it down. A process's id is
 * `proxy`, or `worker quay.io`.
 */
export function createFakeChildren(folder: string): FakeChildren {
  const journal = join(folder, 'journal');
  const holdPath = (id: string): string => join(folder, `hold ${id}`);
  const entryPoint = (name: ProcessName): string => join(folder, `${name}.mjs`);
  const code = (name: ProcessName): string => FAKE_CHILD(name, folder, journal);
  for (const name of ['logger', 'worker', 'proxy', 'cleaner'] as const) {
    writeFileSync(entryPoint(name), code(name));
  }
  return {
    entryPoint,
    entries: () =>
      existsSync(journal)
        ? readFileSync(journal, 'utf8')
            .split('\n')
            .slice(0, -1)
            .map((line) => JSON.parse(line) as Entry)
        : [],
    replace: (name, other) => writeFileSync(entryPoint(name), other),
    hold: (id) => writeFileSync(holdPath(id), ''),
    release: (id) => writeFileSync(holdPath(id), 'released'),
  };
}

const FAKE_CHILD = (name: string, folder: string, journal: string): string => `
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
let settings = {};
const id = () => settings.upstream ? '${name} ' + settings.upstream.name : '${name}';
const note = (event) => appendFileSync(${JSON.stringify(journal)}, JSON.stringify({
  process: id(), pid: process.pid, event, settings, env: process.env, argv: process.argv,
}) + '\\n');
const held = () => {
  const path = ${JSON.stringify(folder)} + '/hold ' + id();
  return existsSync(path) && readFileSync(path, 'utf8') !== 'released';
};
const stop = () => {
  if (held()) return setTimeout(stop, 10);
  note('stopped');
  process.exit(0);
};
process.on('message', (message) => {
  if (message.type === 'ping') return process.send({ type: 'pong' });
  if (message.type === 'make-room') return note('makes room');
  settings = message.settings;
  note(message.type === 'start' ? 'started' : 'reloaded');
  process.send({ type: message.type === 'start' ? 'ready' : 'reloaded' });
});
process.on('SIGINT', () => {});
process.on('SIGTERM', () => { note('stopping'); stop(); });
process.on('disconnect', () => process.exit(0));
`;
