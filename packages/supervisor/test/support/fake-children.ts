import type { ProcessName } from '@registry-cache/runtime';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a fake child noted down about itself. */
export interface Entry {
  readonly process: string;
  readonly pid: number;
  /** `started`, `reloaded`, `makes room`, `asked to observe`, `told to sleep`, `slept`, `stopping`, `stopped`, or an answer that it got. */
  readonly event: string;
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
  /** Has each such process say things to its supervisor, in this order, and then go on as before. */
  say(id: string, ...messages: readonly object[]): void;
}

/**
 * Real processes that follow the life of a process of this cache, and do nothing in it but note it down. A process's id is
 * `proxy`, or `worker quay.io`.
 */
export function createFakeChildren(folder: string): FakeChildren {
  const journal = join(folder, 'journal');
  const holdPath = (id: string): string => join(folder, `hold ${id}`);
  const wordsPath = (id: string): string => join(folder, `words of ${id}`);
  const entryPoint = (name: ProcessName): string => join(folder, `${name}.mjs`);
  const code = (name: ProcessName): string => FAKE_CHILD(name, folder, journal);
  for (const name of ['logger', 'worker', 'proxy', 'cleaner', 'admin'] as const) {
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
    say: (id, ...messages) => {
      // By a rename, so that they are found whole.
      writeFileSync(`${wordsPath(id)}.new`, JSON.stringify(messages));
      renameSync(`${wordsPath(id)}.new`, wordsPath(id));
    },
  };
}

const FAKE_CHILD = (name: string, folder: string, journal: string): string => `
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
let settings = {};
const id = () => {
  if (settings.upstream) return '${name} ' + settings.upstream.name;
  return settings.number > 1 ? '${name} ' + settings.number : '${name}';
};
const note = (event) => appendFileSync(${JSON.stringify(journal)}, JSON.stringify({
  process: id(), pid: process.pid, event, settings, env: process.env, argv: process.argv,
}) + '\\n');
const held = () => {
  const path = ${JSON.stringify(folder)} + '/hold ' + id();
  return existsSync(path) && readFileSync(path, 'utf8') !== 'released';
};
const end = (event) => {
  if (held()) return setTimeout(end, 20, event);
  note(event);
  process.exit(0);
};
setInterval(() => {
  const path = ${JSON.stringify(folder)} + '/words of ' + id();
  if (!existsSync(path)) return;
  const messages = JSON.parse(readFileSync(path, 'utf8'));
  rmSync(path);
  for (const message of messages) process.send(message);
}, 20).unref();
process.on('message', (message) => {
  if (message.type === 'ping') return process.send({ type: 'pong' });
  if (message.type === 'make-room') return note('makes room');
  if (message.type === 'answer') return note(JSON.stringify(message));
  if (message.type === 'ask') {
    const { number, question } = message;
    note('asked to ' + question.kind);
    const answer = question.kind === 'observe' ? { increments: [], gauges: [], detail: id() } : { done: id() };
    return process.send({ type: 'answer', number, answer });
  }
  if (message.type === 'sleep') {
    note('told to sleep');
    return end('slept');
  }
  settings = message.settings;
  note(message.type === 'start' ? 'started' : 'reloaded');
  process.send({ type: message.type === 'start' ? 'ready' : 'reloaded' });
});
process.on('SIGINT', () => {});
process.on('SIGTERM', () => { note('stopping'); end('stopped'); });
process.on('disconnect', () => process.exit(0));
`;
