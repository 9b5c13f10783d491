import { type Command, Option } from 'commander';
import type { LsOptions } from '../commands/ls.ts';
import { LOG_LEVELS, type LogLevelName } from '../log/levels.ts';
import { stdout, withControl, withExamples, type ControlFlags, type SetExitCode } from './options.ts';

// What a running cache is asked.

export function addLooking(program: Command, setExitCode: SetExitCode): void {
  program.commandsGroup('Look at the running cache:');
  addStatus(program);
  addLs(program);
  addInspect(program, setExitCode);
  addLogs(program);
}

function addStatus(program: Command): void {
  const command = program
    .command('status')
    .description('how it does: disk, hits, upstreams, running fills, processes, last errors')
    .action(async (flags: ControlFlags) => {
      const { status } = await import('../commands/status.ts');
      await status({ ...flags, terminal: stdout() });
    });
  withExamples(withControl(command), [
    ['registry-cache status', 'at a glance'],
    ['watch --color registry-cache status', 'all the time'],
    ['podman exec cache registry-cache status', 'of the one in the container "cache"'],
    ['registry-cache status --output json | jq .traffic', 'for programs'],
  ]);
}

interface LsFlags extends ControlFlags, Pick<LsOptions, 'sort' | 'quiet'> {}

function addLs(program: Command): void {
  const sort = new Option('--sort <by>', 'what comes first').choices(['name', 'pulled', 'size']);
  const command = program
    .command('ls')
    .alias('images')
    .description('list the cached images')
    .argument('[upstream[/repository]]', 'list those alone')
    .option('-q, --quiet', 'names alone')
    .addOption(sort.default('name'))
    .action(async (prefix: string | undefined, flags: LsFlags) => {
      const { ls } = await import('../commands/ls.ts');
      await ls({ ...flags, prefix, terminal: stdout() });
    });
  withExamples(withControl(command), [
    ['registry-cache ls', 'everything'],
    ['registry-cache ls quay.io/org', 'what lies below it'],
    ['registry-cache ls --sort size | head', 'the largest'],
    ['registry-cache ls --quiet quay.io/org | xargs registry-cache rm', 'remove what lies below it'],
  ]);
}

function addInspect(program: Command, setExitCode: SetExitCode): void {
  const command = program
    .command('inspect')
    .description('what of an image is cached, and why its next pull would be a miss')
    .argument('<image>', 'with tag or digest; latest without')
    .action(async (image: string, flags: ControlFlags) => {
      const { inspect } = await import('../commands/inspect.ts');
      setExitCode(await inspect(image, { ...flags, terminal: stdout() }));
    });
  withExamples(withControl(command), [
    ['registry-cache inspect quay.io/org/app:1.0', 'each manifest and blob of it'],
    ['registry-cache inspect docker.io/alpine', 'the same as docker.io/library/alpine:latest'],
    [
      'registry-cache inspect quay.io/org/app:1.0 > /dev/null',
      'exits 0 when something of it is cached, 1 otherwise',
    ],
  ]);
}

interface LogsFlags extends ControlFlags {
  readonly follow?: boolean;
  readonly since?: string;
  readonly level?: LogLevelName;
}

function addLogs(program: Command): void {
  const level = new Option('--level <level>', 'lines at least as serious').choices(LOG_LEVELS);
  const command = program
    .command('logs')
    .description("the last lines of all processes' logs, in readable form")
    .argument('[-]', 'read standard input in place of the running cache')
    .option('-f, --follow', 'go on with what comes')
    .option('--since <duration>', 'lines no older: 10m, 2h')
    .addOption(level)
    .action(async (input: string | undefined, flags: LogsFlags) => {
      if (input !== undefined && input !== '-') command.error(`error: expected - or nothing, got ${input}`);
      const { logs, parseSince } = await import('../commands/logs.ts');
      const { since, follow = false, ...rest } = flags;
      await logs({
        ...rest,
        follow,
        readsInput: input === '-',
        terminal: stdout(),
        ...(since === undefined ? {} : { sinceMs: parseSince(since) }),
      });
    });
  withExamples(withControl(command), [
    ['registry-cache logs --since 10m --level warn', 'what went wrong lately'],
    ['registry-cache logs -f', 'as it happens'],
    ['podman logs cache | registry-cache logs -', 'what a container engine has kept of it'],
  ]);
}
