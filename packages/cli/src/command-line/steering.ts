import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  collectList,
  outputOption,
  stdout,
  withControl,
  withExamples,
  withSettings,
  type ControlFlags,
  type SetExitCode,
  type SettingsAndOutputFlags,
} from './options.ts';

// What a running cache is told.

export function addSteering(program: Command, setExitCode: SetExitCode): void {
  program.commandsGroup('Steer the running cache:');
  addWarm(program, setExitCode);
  addPins(program, setExitCode);
  addRm(program, setExitCode);
  addClean(program);
}

interface WarmFlags extends ControlFlags {
  readonly file?: string;
  readonly platform?: readonly string[];
  readonly allPlatforms?: boolean;
  readonly concurrency: number;
  readonly bandwidth?: string;
}

function addWarm(program: Command, setExitCode: SetExitCode): void {
  const platform = new Option('--platform <os/arch>', "in place of this machine's; may be repeated");
  const command = program
    .command('warm')
    .description('have the cache pull images before anybody asks for them; again, it goes on where it was')
    .argument('[image...]', 'with tag or digest; a tag may be a pattern, such as 1.*')
    .option('-f, --file <file>', 'images to warm, one on a line; - reads standard input')
    .addOption(platform.argParser(collectList).conflicts('allPlatforms'))
    .option('--all-platforms', 'whatever an index names')
    .option('--concurrency <number>', 'images at a time', parseConcurrency, 2)
    .option('--bandwidth <rate>', 'at most so much per second, such as 20M')
    .action(async (images: readonly string[], flags: WarmFlags) => {
      const { parseWarmOptions, warm } = await import('../commands/warm.ts');
      setExitCode(await warm(parseWarmOptions({ ...flags, images, terminal: stdout() })));
    });
  withExamples(withControl(command), [
    ['registry-cache warm quay.io/org/app:1.0', "for this machine's platform"],
    ["registry-cache warm 'quay.io/org/app:1.*' --all-platforms", 'every tag that matches'],
    ['registry-cache warm -f images.txt --bandwidth 20M', 'before a rollout, and leave room for others'],
    [
      "kubectl get pods -A -o jsonpath='{..image}' | tr ' ' '\\n' | sort -u | registry-cache warm -f -",
      'what a cluster runs',
    ],
  ]);
}

function addPins(program: Command, setExitCode: SetExitCode): void {
  const pin = program
    .command('pin')
    .description('keep images, however long nobody pulls them')
    .argument('<pattern...>', 'quay.io/org/**, docker.io/library/alpine:3.*')
    .action(async (patterns: readonly string[], flags: ControlFlags) => {
      const commands = await import('../commands/pins.ts');
      setExitCode(await commands.pin(patterns, { ...flags, terminal: stdout() }));
    });
  withExamples(withControl(pin), [
    ['registry-cache pin quay.io/org/app:1.0', 'one image'],
    ["registry-cache pin 'quay.io/openshift-release-dev/**'", 'everything below it, also what comes later'],
    ["registry-cache pin 'docker.io/library/alpine:3.*'", 'the tags that match'],
  ]);
  const unpin = program
    .command('unpin')
    .description('let the cleaner have them again')
    .argument('<pattern...>', 'as they were pinned')
    .action(async (patterns: readonly string[], flags: ControlFlags) => {
      const commands = await import('../commands/pins.ts');
      setExitCode(await commands.unpin(patterns, { ...flags, terminal: stdout() }));
    });
  withExamples(withControl(unpin), [['registry-cache unpin quay.io/org/app:1.0', '']]);
  const pins = program
    .command('pins')
    .description('list what is pinned')
    .action(async (flags: ControlFlags) => {
      const commands = await import('../commands/pins.ts');
      await commands.pins({ ...flags, terminal: stdout() });
    });
  withExamples(withControl(pins), [['registry-cache pins', 'those of the configuration too']]);
}

function addRm(program: Command, setExitCode: SetExitCode): void {
  const command = program
    .command('rm')
    .alias('rmi')
    .description('remove images from the cache, unless they are pinned; blobs that others have too stay')
    .argument('<image...>', 'with tag or digest; latest without')
    .action(async (images: readonly string[], flags: ControlFlags) => {
      const { rm } = await import('../commands/rm.ts');
      setExitCode(await rm(images, { ...flags, terminal: stdout() }));
    });
  withExamples(withControl(command), [
    ['registry-cache rm quay.io/org/app:1.0', 'the next pull fetches it again'],
    ['registry-cache ls --quiet quay.io/org | xargs registry-cache rm', 'everything below it'],
  ]);
}

interface CleanFlags extends SettingsAndOutputFlags {
  readonly config?: string;
  readonly socket?: string;
  readonly dryRun?: boolean;
}

function addClean(program: Command): void {
  const command = withSettings(program.command('clean'))
    .description('run one cleaning pass now, by the running cache where there is one')
    .option('--dry-run', 'only say what would go')
    .option('--config <file>', 'the same as [config.yml]')
    .option('--socket <file>', 'the control socket of the cache that is to clean')
    .addOption(outputOption())
    .action(async (configFile: string | undefined, { config, ...flags }: CleanFlags) => {
      const { clean } = await import('../commands/clean.ts');
      const { dryRun = false, ...rest } = flags;
      await clean({ ...rest, configFile: configFile ?? config }, { ...rest, dryRun, terminal: stdout() });
    });
  withExamples(command, [
    ['registry-cache clean --dry-run', 'what would be evicted now?'],
    ['registry-cache clean', 'evict it'],
    ['CLEANER_MAXSIZE=5G registry-cache clean', 'once, down to another size'],
  ]);
}

function parseConcurrency(text: string): number {
  const value = Number(text);
  if (!/^\d{1,3}$/.test(text) || value === 0)
    throw new InvalidArgumentError('expected a number from 1 to 999');
  return value;
}
