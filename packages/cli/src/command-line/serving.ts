import { type Command, Option } from 'commander';
import type { SettingsFlags } from '../settings-source.ts';
import { createTerminal } from '../terminal/terminal.ts';
import {
  collect,
  outputOption,
  stdout,
  withExamples,
  withSettings,
  type SetExitCode,
  type SettingsAndOutputFlags,
} from './options.ts';

// The cache itself, and what is asked about it whether it runs or not.

export function addServing(program: Command, setExitCode: SetExitCode): void {
  program.commandsGroup('Serve:');
  addServe(program, setExitCode);
  addCheck(program, setExitCode);
  addHealth(program);
}

function addServe(program: Command, setExitCode: SetExitCode): void {
  const command = withSettings(program.command('serve', { isDefault: true }))
    .description('serve until SIGTERM; SIGHUP reads the configuration again')
    .action(async (configFile: string | undefined, flags: SettingsFlags) => {
      const { serve } = await import('../commands/serve.ts');
      setExitCode(await serve({ ...flags, configFile }));
    });
  withExamples(command, [
    ['registry-cache', 'what pull-secret.json names, or well-known public registries'],
    ['registry-cache /config.yml', 'the same as serve /config.yml'],
    ['registry-cache serve --addr :5000', 'listen on another port'],
  ]);
}

interface CheckFlags extends SettingsAndOutputFlags {
  readonly store?: boolean;
  readonly repair?: boolean;
  readonly connect?: boolean;
  readonly image?: readonly string[];
  readonly timeout?: string;
}

function addCheck(program: Command, setExitCode: SetExitCode): void {
  const repair = new Option('--repair', 'remove blobs of a wrong digest; implies --store');
  const image = new Option('--image <image>', 'ask for it by HEAD; may be repeated; implies --connect');
  const timeout = new Option('--timeout <duration>', 'for each server, 10s unless told; implies --connect');
  const command = withSettings(program.command('check'))
    .description('check configuration, pull secret, certificate and htpasswd, and list the upstreams')
    .option('--store', 'recompute the digest of every stored blob, and follow every link')
    .addOption(repair.implies({ store: true }))
    .option('--connect', 'try every upstream, and this cache itself, over the network')
    .addOption(image.argParser(collect).implies({ connect: true }))
    .addOption(timeout.implies({ connect: true }))
    .addOption(outputOption())
    .action(async (configFile: string | undefined, flags: CheckFlags) => {
      const { check } = await import('../commands/check.ts');
      const { store = false, repair = false, output, image: images = [], timeout = '10s' } = flags;
      const connect = flags.connect === true ? { connect: { images, timeout } } : {};
      const progress = createTerminal(process.stderr);
      const options = { store, repair, ...connect, output, terminal: stdout(), progress };
      setExitCode(await check({ ...flags, configFile }, options));
    });
  withExamples(command, [
    ['registry-cache check /config.yml', 'is it right, and what is cached with which kind of credential?'],
    [
      'registry-cache check --connect',
      'DNS, TCP, TLS, login and one HEAD at every upstream: what does not work, and why?',
    ],
    ['registry-cache check --image quay.io/org/image:1.0', 'the same, and may that image be pulled?'],
    ['registry-cache check --store', 'recompute the digest of everything that is stored'],
    ['registry-cache check --store --repair', 'remove what turns out to be bad, to be fetched again'],
  ]);
}

interface HealthFlags {
  readonly addr: string;
  readonly url?: string;
}

function addHealth(program: Command): void {
  const addr = new Option('--addr <host:port>', 'where the cache listens, with TLS');
  const command = program
    .command('health')
    .description('exit 0 when the cache on this machine is ready, 1 otherwise')
    .argument('[config.yml]', 'says where the cache listens')
    .addOption(addr.env('REGISTRY_HTTP_ADDR').default(':8443'))
    .option('--url <url>', 'what to ask in place of /readyz there')
    .action(async (configFile: string | undefined, flags: HealthFlags) => {
      const { health } = await import('../commands/health.ts');
      await health({ ...flags, configFile });
    });
  withExamples(command, [
    ['registry-cache health', 'the one on port 8443'],
    ['registry-cache health /config.yml', 'the one that serves by this file'],
  ]);
}
