import { cpus, release, totalmem } from 'node:os';
import { readFile } from 'node:fs/promises';
import { runProgram } from './run/programs.ts';

/** What was measured on, in words. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly system: string;
  /** That holds the data of all. */
  readonly fileSystem: string;
  readonly date: string;
  /** What of this project was measured. */
  readonly commit: string;
}

export async function describeMachine(directory: string): Promise<Machine> {
  const processors = cpus();
  return {
    processor: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryBytes: totalmem(),
    kernel: release(),
    system: await readSystem(),
    fileSystem: (await runProgram('stat', ['--file-system', '--format', '%T', directory])).trim(),
    date: new Date().toISOString().slice(0, 10),
    commit: await readCommit(),
  };
}

async function readSystem(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8');
  return /^PRETTY_NAME="(.*)"$/m.exec(text)?.[1] ?? 'unknown';
}

async function readCommit(): Promise<string> {
  try {
    return (await runProgram('git', ['describe', '--always', '--dirty', '--abbrev=12'])).trim();
  } catch {
    // A release that was unpacked is no checkout.
    return 'unknown';
  }
}
