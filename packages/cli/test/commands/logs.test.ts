import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { startFakeControl } from '../support/fake-control.ts';
import { COMMAND } from '../support/run-command.ts';
import { runInProcess } from '../support/run-in-process.ts';

function line(number: number, level: string, msg: string, atMs: number = Date.now()): object {
  const time = new Date(atMs).toISOString();
  return { number, line: JSON.stringify({ level, time, process: 'worker', upstream: 'quay.io', msg }) };
}

async function logs(args: readonly string[], input = ''): Promise<string[]> {
  const { stdout } = await runInProcess(['logs', ...args], {}, input);
  return stdout.split('\n').map((each) => each.replace(/^\S+ \S+ +/, ''));
}

describe('the log', () => {
  test('is printed in readable form, as far back and as serious as asked for', async () => {
    const lines = [
      line(1, 'error', 'long ago', Date.now() - 3_600_000),
      line(2, 'info', 'filled'),
      line(3, 'warn', 'fill failed'),
    ];
    const { socketPath } = await startFakeControl({ 'GET /api/v1/log?after=0': { json: { lines } } });
    expect(await logs(['--socket', socketPath])).toEqual([
      'error  worker quay.io  long ago',
      'info   worker quay.io  filled',
      'warn   worker quay.io  fill failed',
    ]);
    expect(await logs(['--socket', socketPath, '--since', '10m', '--level', 'warn'])).toEqual([
      'warn   worker quay.io  fill failed',
    ]);
  });

  test('is followed from where it was', async () => {
    const { socketPath, requests } = await startFakeControl({
      'GET /api/v1/log?after=0': { json: { lines: [line(7, 'info', 'first')] } },
      'GET /api/v1/log?after=7': { json: { lines: [line(8, 'info', 'second')] } },
      'GET /api/v1/log?after=8': { json: { lines: [] } },
    });
    const command = execa(process.execPath, [COMMAND, 'logs', '-f', '--socket', socketPath], {
      reject: false,
    });
    await expect.poll(() => requests.at(-1)).toBe('GET /api/v1/log?after=8');
    command.kill('SIGINT');
    const { stdout, exitCode } = await command;
    expect(stdout.split('\n').map((each) => each.split('  ').at(-1))).toEqual(['first', 'second']);
    expect(exitCode).toBe(130);
  });

  test('of a container engine is read from standard input, and what is no line of it is left as it is', async () => {
    const input = `${JSON.stringify({ level: 'info', time: 0, process: 'proxy', number: '2', msg: 'listening' })}\nplain\n`;
    expect(await logs(['-'], input)).toEqual(['info   proxy 2  listening', 'plain']);
  });
});
