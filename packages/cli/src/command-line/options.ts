import { type Command, InvalidArgumentError, Option } from 'commander';
import { createTerminal, type Terminal } from '../terminal/terminal.ts';
import type { SettingsFlags } from '../settings-source.ts';

// What commands have in common, and what commander hands over for it.

export type SetExitCode = (code: number) => void;

export interface OutputFlags {
  readonly output: 'text' | 'json';
}

export interface SettingsAndOutputFlags extends SettingsFlags, OutputFlags {}

export interface ControlFlags extends OutputFlags {
  readonly config?: string;
  readonly socket?: string;
}

/** A command line, and what it is for. */
export type Example = readonly [commandLine: string, meaning: string];

/** For a command that reads the configuration. */
export function withSettings(command: Command): Command {
  const logLevel = new Option('--log-level <level>', 'how much to log');
  return command
    .argument('[config.yml]', 'configuration file; environment and options go before it')
    .option('--addr <host:port>', 'where to listen')
    .option('--data <folder>', 'where the cached images are')
    .option('--pull-secret <file>', 'credentials of the upstream registries')
    .addOption(logLevel.choices(['error', 'warn', 'info', 'debug']));
}

/** For a command that talks to a running cache. */
export function withControl(command: Command): Command {
  return command
    .option('--config <file>', 'the config.yml that the cache was started with')
    .option('--socket <file>', 'its control socket, in place of the one that the configuration leads to')
    .addOption(outputOption());
}

export function outputOption(): Option {
  return new Option('--output <format>', 'for people or for programs')
    .choices(['text', 'json'])
    .default('text');
}

/** Shown below the help of the command. */
export function withExamples(command: Command, examples: readonly Example[]): Command {
  return command.addHelpText('after', `\nExamples:\n${formatExamples(examples)}`);
}

/** Meanings stand in a column, and below a command line that is too long for it. */
export function formatExamples(examples: readonly Example[]): string {
  const widths = examples.map(([commandLine]) => commandLine.length);
  const column = Math.max(...widths.filter((width) => width <= MAX_EXAMPLE_WIDTH), 0);
  return examples
    .map(([commandLine, meaning]) =>
      commandLine.length <= column
        ? `  ${commandLine.padEnd(column)}  ${meaning}`
        : `  ${commandLine}\n  ${' '.repeat(column)}  ${meaning}`,
    )
    .join('\n');
}

const MAX_EXAMPLE_WIDTH = 52;

export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new InvalidArgumentError('expected a number from 0 to 65535');
  return port;
}

/** For an option that may be repeated. */
export function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

/** For an option that may be repeated, or be given several values at once. */
export function collectList(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, ...value.split(',').filter((each) => each !== '')];
}

export function stdout(): Terminal {
  return createTerminal(process.stdout);
}
