import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { SettingsFlags } from './settings-source.ts';
import { createTerminal, type Terminal } from './terminal/terminal.ts';
import { version } from './version.ts';

// Each command is imported when it is run: the one that serves stays for months and should hold nothing of the others.

const EXAMPLES = `
Examples:
  registry-cache demo                     see it work, with no network and no configuration
  registry-cache                          serve what pull-secret.json names, or well-known public registries
  registry-cache /config.yml              the same as serve /config.yml
  registry-cache serve --addr :5000       listen on another port
  registry-cache check /config.yml        is it right, and what is cached with which kind of credential?
  registry-cache check --connect          DNS, TCP, TLS, login and one HEAD at every upstream: what does not work, and why?
  registry-cache check --image quay.io/org/image:1.0
                                          the same, and may that image be pulled?
  registry-cache check --store            recompute the digest of everything that is stored
  registry-cache check --store --repair   remove what turns out to be bad, to be fetched again
  registry-cache clean --dry-run          what would be evicted now?
  registry-cache register --origin https://dtr.example.com --name region-asia --host https://cache.example.com:443
                                          tell a DTR or MSR of this cache

Exit codes: 0 done, 1 failed, 78 the configuration is wrong.`;

/** Parses the arguments, runs the command they name, and resolves with its exit code. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const program = new Command('registry-cache')
    .description('One cache between a fleet and every container registry it pulls from.')
    .version(version())
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(registry-cache --help says what there is)')
    .exitOverride();
  let exitCode = 0;
  const setExitCode = (code: number): void => void (exitCode = code);
  addServe(program, setExitCode);
  addCheck(program, setExitCode);
  addClean(program);
  addRegister(program);
  addHealth(program);
  addDemo(program);
  addVersion(program);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (err) {
    // Commander has said what is wrong, or has printed the help or version that was asked for.
    if (err instanceof CommanderError) return err.exitCode;
    throw err;
  }
  return exitCode;
}

type SetExitCode = (code: number) => void;

function addServe(program: Command, setExitCode: SetExitCode): void {
  withSettings(program.command('serve', { isDefault: true }))
    .description('serve until SIGTERM; SIGHUP reads the configuration again')
    .action(async (configFile: string | undefined, flags: SettingsFlags) => {
      const { serve } = await import('./commands/serve.ts');
      setExitCode(await serve({ ...flags, configFile }));
    });
}

function addCheck(program: Command, setExitCode: SetExitCode): void {
  const repair = new Option('--repair', 'remove blobs of a wrong digest; implies --store');
  const image = new Option('--image <image>', 'ask for it by HEAD; may be repeated; implies --connect');
  const timeout = new Option('--timeout <duration>', 'for each server, 10s unless told; implies --connect');
  withSettings(program.command('check'))
    .description('check configuration, pull secret, certificate and htpasswd, and list the upstreams')
    .option('--store', 'recompute the digest of every stored blob, and follow every link')
    .addOption(repair.implies({ store: true }))
    .option('--connect', 'try every upstream, and this cache itself, over the network')
    .addOption(image.argParser(collect).implies({ connect: true }))
    .addOption(timeout.implies({ connect: true }))
    .addOption(outputOption())
    .action(async (configFile: string | undefined, flags: CheckFlags) => {
      const { check } = await import('./commands/check.ts');
      const { store = false, repair = false, output, image: images = [], timeout = '10s' } = flags;
      const connect = flags.connect === true ? { connect: { images, timeout } } : {};
      const progress = createTerminal(process.stderr);
      const options = { store, repair, ...connect, output, terminal: stdout(), progress };
      setExitCode(await check({ ...flags, configFile }, options));
    });
}

function addClean(program: Command): void {
  withSettings(program.command('clean'))
    .description('run one cleaning pass now; a cache that is serving goes on doing so')
    .option('--dry-run', 'only say what would go')
    .addOption(outputOption())
    .action(async (configFile: string | undefined, flags: CleanFlags) => {
      const { clean } = await import('./commands/clean.ts');
      const { dryRun = false, output } = flags;
      await clean({ ...flags, configFile }, { dryRun, output, terminal: stdout() });
    });
}

function addRegister(program: Command): void {
  const command: Command = program.command('register');
  command
    .description('tell an origin (DTR, MSR) of this cache, so that it sends clients here for blobs')
    .argument('[config.yml]', 'says where the pull secret is, and which certificate authorities are trusted')
    .option('--origin <url>', 'the origin: https://dtr.example.com')
    .option('--name <name>', 'what the origin shall call this cache: region-asia')
    .option('--host <url>', 'where clients reach this cache: https://cache.example.com:443')
    .option('--user <name>', 'have this user of the origin pull through it')
    .option('--ca <file>', 'certificate authorities of the origin, in PEM form')
    .option('--username <name>', 'an administrator of the origin, in place of the one in the pull secret')
    .option('--password-stdin', 'read the password of --username from standard input')
    .option('--pull-secret <file>', 'credentials of the upstream registries')
    .addOption(outputOption())
    .action(async (configFile: string | undefined, flags: RegisterFlags) => {
      const { origin, name, host } = flags;
      if (origin === undefined || name === undefined || host === undefined) {
        const given = { '--origin': origin, '--name': name, '--host': host };
        const missing = Object.entries(given).flatMap(([option, value]) =>
          value === undefined ? [option] : [],
        );
        command.error(`error: expected ${missing.join(' and ')}`);
      }
      const { register } = await import('./commands/register.ts');
      const { pullSecret, ...rest } = flags;
      const source = { configFile, ...(pullSecret === undefined ? {} : { pullSecret }) };
      await register(source, { ...rest, origin, name, host, terminal: stdout() });
    });
}

function addHealth(program: Command): void {
  const addr = new Option('--addr <host:port>', 'where the cache listens, with TLS');
  program
    .command('health')
    .description('exit 0 when the cache on this machine is ready, 1 otherwise')
    .argument('[config.yml]', 'says where the cache listens')
    .addOption(addr.env('REGISTRY_HTTP_ADDR').default(':8443'))
    .option('--url <url>', 'what to ask in place of /readyz there')
    .action(async (configFile: string | undefined, flags: HealthFlags) => {
      const { health } = await import('./commands/health.ts');
      await health({ ...flags, configFile });
    });
}

function addDemo(program: Command): void {
  program
    .command('demo')
    .description('pull an image twice through a cache of its own, with no network and no configuration')
    .option('--port <port>', 'where the cache listens; another free one where it is taken', parsePort, 8443)
    .option('--once', 'stop after the two pulls')
    .action(async ({ port, once = false }: DemoFlags) => {
      const { demo } = await import('./commands/demo.ts');
      await demo({ port, once, terminal: stdout() });
    });
}

function addVersion(program: Command): void {
  program
    .command('version')
    .description('print the version')
    .action(() => stdout().print(version()));
}

// What commander hands over for the options above.
interface OutputFlags {
  readonly output: 'text' | 'json';
}
interface CheckFlags extends SettingsFlags, OutputFlags {
  readonly store?: boolean;
  readonly repair?: boolean;
  readonly connect?: boolean;
  readonly image?: readonly string[];
  readonly timeout?: string;
}
interface CleanFlags extends SettingsFlags, OutputFlags {
  readonly dryRun?: boolean;
}
interface RegisterFlags extends OutputFlags {
  readonly origin?: string;
  readonly name?: string;
  readonly host?: string;
  readonly user?: string;
  readonly ca?: string;
  readonly username?: string;
  readonly passwordStdin?: boolean;
  readonly pullSecret?: string;
}
interface HealthFlags {
  readonly addr: string;
  readonly url?: string;
}
interface DemoFlags {
  readonly port: number;
  readonly once?: boolean;
}

function withSettings(command: Command): Command {
  const logLevel = new Option('--log-level <level>', 'how much to log');
  return command
    .argument('[config.yml]', 'configuration file; environment and options go before it')
    .option('--addr <host:port>', 'where to listen')
    .option('--data <folder>', 'where the cached images are')
    .option('--pull-secret <file>', 'credentials of the upstream registries')
    .addOption(logLevel.choices(['error', 'warn', 'info', 'debug']));
}

function outputOption(): Option {
  return new Option('--output <format>', 'for people or for programs')
    .choices(['text', 'json'])
    .default('text');
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new InvalidArgumentError('expected a number from 0 to 65535');
  return port;
}

function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

function stdout(): Terminal {
  return createTerminal(process.stdout);
}
