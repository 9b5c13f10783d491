import { Readable, Writable } from 'node:stream';
import { vi } from 'vitest';
import { main } from '../../src/main.ts';
import type { CommandResult } from './run-command.ts';

const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

/**
 * Runs a command as `runCommand` does, with its own streams and environment, but in this process: most of what a short command costs
 * is the start of Node. One at a time, and for commands that end by themselves.
 */
export async function runInProcess(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input = '',
): Promise<CommandResult> {
  const stdout = createSink();
  const stderr = createSink();
  const restore = [
    stubEnvironment({ PATH: process.env['PATH'] ?? '', ...env }),
    stubStream('stdin', Readable.from([Buffer.from(input)])),
    stubStream('stdout', stdout.stream),
    stubStream('stderr', stderr.stream),
    forgetSignalHandlers(),
  ];
  try {
    const exitCode = await main(args);
    return { exitCode, stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    for (const undo of restore) undo();
  }
}

/** What is written to it is there at once, without the newline at its end. */
function createSink(): { readonly stream: Writable; text(): string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _encoding, callback) {
      chunks.push(chunk);
      callback();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString().replace(/\n$/, '') };
}

function stubStream(name: 'stdin' | 'stdout' | 'stderr', stream: Readable | Writable): () => void {
  const original = Object.getOwnPropertyDescriptor(process, name);
  if (original === undefined) throw new Error(`expected process.${name}`);
  Object.defineProperty(process, name, { value: stream, configurable: true });
  return () => void Object.defineProperty(process, name, original);
}

function stubEnvironment(env: Readonly<Record<string, string>>): () => void {
  for (const name of Object.keys(process.env)) vi.stubEnv(name, undefined);
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  return () => void vi.unstubAllEnvs();
}

/** A command's process ends with it, and its handlers of signals do too. */
function forgetSignalHandlers(): () => void {
  const before = SIGNALS.map((name) => new Set(process.listeners(name)));
  return () => {
    for (const [index, name] of SIGNALS.entries()) {
      for (const listener of process.listeners(name)) {
        if (before[index]?.has(listener) === false) process.off(name, listener);
      }
    }
  };
}
