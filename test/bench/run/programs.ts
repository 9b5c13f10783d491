import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endProcessTree } from './end-processes.ts';
import { findAnswer } from './find-answer.ts';

export interface Program {
  /** A name to be looked up, or a path. */
  readonly command: string;
  readonly args: readonly string[];
  /** Gets what it prints. */
  readonly log: string;
  /** Each answers 200, or 401, once the program is up. */
  readonly probes: readonly string[];
  /** Besides PATH and HOME, which are all that it gets of this process's own. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface RunningProgram {
  readonly pid: number;
  /** It and all that it started have ended then. */
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;
const RUN_TIMEOUT_MS = 300_000;
const POLL_MS = 20;
const QUOTED_BYTES = 2000;

/** Starts a server in a process group of its own. Resolves when it answers; @throws with the end of its log where it does not */
export async function startProgram(program: Program): Promise<RunningProgram> {
  const log = await open(program.log, 'a');
  const child = spawn(findCommand(program.command), program.args, {
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: { ...inheritedEnvironment(), ...program.environment },
  });
  const failed = failure(child);
  await log.close();
  const { pid } = child;
  if (pid === undefined) throw (await failed) ?? new Error(`${program.command} did not start`);
  try {
    for (const probe of program.probes) await waitForAnswer(probe, child);
  } catch (err) {
    await endProcessTree(pid);
    const text = (await readFile(program.log, 'utf8')).slice(-QUOTED_BYTES);
    throw new Error(`${program.command} does not serve; its log ends with: ${text}`, { cause: err });
  }
  return { pid, close: () => endProcessTree(pid) };
}

/** What it printed on stdout. @throws with what it printed on stderr, where it fails or takes longer than five minutes */
export async function runProgram(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(findCommand(command), args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_TIMEOUT_MS,
    killSignal: 'SIGKILL',
    env: inheritedEnvironment(),
  });
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const printed = Buffer.concat(output).toString();
  if (code === 0) return printed;
  const message = `${Buffer.concat(errors).toString()}\n${printed}`.trim().slice(-QUOTED_BYTES);
  throw new Error(`${command} ${args[0] ?? ''} failed with ${code ?? 'a signal'}: ${message}`);
}

/** Where a command lies: among the tools that were installed for tests first. @throws where nowhere */
export function findCommand(command: string): string {
  if (command.includes('/')) return command;
  const found = searchPath().find((folder) => existsSync(join(folder, command)));
  if (found === undefined) throw new Error(`${command} is not installed: run test/bench/install-tools.sh`);
  return join(found, command);
}

function searchPath(): string[] {
  const tools = join(homedir(), '.cache/registry-cache-e2e/bin');
  return [tools, ...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
}

// Variables such as REGISTRY_… would configure what is measured.
function inheritedEnvironment(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, BENCH_RUN } = process.env;
  return { PATH, HOME, TMPDIR, BENCH_RUN };
}

async function failure(child: ChildProcess): Promise<Error | undefined> {
  return new Promise((resolve) => {
    child.once('error', resolve);
    child.once('spawn', () => {
      resolve(undefined);
    });
  });
}

async function waitForAnswer(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const answer = await findAnswer(url);
    if (answer?.status === 200 || answer?.status === 401) return;
    if (child.exitCode !== null)
      throw new Error(`exited with ${child.exitCode} before it answered at ${url}`);
    if (Date.now() > deadline) {
      throw new Error(
        `${url}: expected 200 or 401 within ${START_TIMEOUT_MS} ms, got ${answer?.status ?? 'no answer'}`,
      );
    }
    await delay(POLL_MS);
  }
}
