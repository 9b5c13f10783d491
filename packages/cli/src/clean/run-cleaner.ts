import type { CleanerProcessSettings } from '@registry-cache/config';
import { entryPoint, EXIT_FAILURE, type MessageToChild } from '@registry-cache/runtime';
import type { CleanReport } from '@registry-cache/store/maintenance';
import { execa } from 'execa';
import { CommandFailure } from '../command-failure.ts';

// A pass leaves little behind of what it looks at: with more room for the young, it would only be cleared away later.
const NODE_OPTIONS = ['--max-semi-space-size=1'];

/**
 * Runs the cleaner's own process for one pass. It ends when this process does, since that closes their IPC channel. Its log
 * goes to standard error.
 *
 * @throws {CommandFailure} when the process ends without a report
 */
export async function runCleaner(settings: CleanerProcessSettings): Promise<CleanReport> {
  const start: MessageToChild<CleanerProcessSettings> = { type: 'start', settings };
  let report: CleanReport | undefined;
  const subprocess = execa(entryPoint('cleaner'), {
    node: true,
    nodeOptions: NODE_OPTIONS,
    ipcInput: start,
    buffer: false,
    reject: false,
    stdin: 'ignore',
    stdout: process.stderr,
    stderr: 'inherit',
  });
  subprocess.on('message', (message: unknown) => {
    report = findReport(message) ?? report;
  });
  const { exitCode, signal } = await subprocess;
  if (report === undefined) {
    throw new CommandFailure('the cleaner ended without a report: its log above says why', {
      exitCode: EXIT_FAILURE,
      problems: [signal === undefined ? `exit code ${exitCode}` : `signal ${signal}`],
    });
  }
  return report;
}

function findReport(message: unknown): CleanReport | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  if (!('type' in message) || message.type !== 'report' || !('report' in message)) return undefined;
  // The process is of the same build, so its report has the form that was compiled here.
  return message.report as CleanReport;
}
