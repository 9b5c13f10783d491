import { Argument, type Command } from 'commander';
import {
  collect,
  outputOption,
  parsePort,
  stdout,
  withExamples,
  type OutputFlags,
  type SetExitCode,
} from './options.ts';
import { version } from '../version.ts';

// What is done once, and around the cache.

export function addSettingUp(program: Command, setExitCode: SetExitCode): void {
  program.commandsGroup('Set up:');
  addClientConfig(program);
  addRegister(program);
  addDemo(program);
  addCompletion(program, setExitCode);
  addVersion(program);
  program.helpCommand('help [command]', 'explain a command, with examples');
}

interface ClientConfigFlags extends OutputFlags {
  readonly config?: string;
  readonly host?: string;
  readonly ca?: string;
  readonly upstream?: readonly string[];
  readonly write?: string;
}

const CLIENTS = ['podman', 'containerd', 'docker', 'crio', 'openshift', 'k3s', 'buildkit', 'kind'] as const;

function addClientConfig(program: Command): void {
  const client = new Argument('<client>', 'what shall pull through the cache').choices(CLIENTS);
  const command = program
    .command('client-config')
    .description(
      'print what makes a client pull through this cache: files, where they go, and what to do then',
    )
    .addArgument(client)
    .option('--host <host:port>', 'how clients reach the cache; http.host of the configuration unless told')
    .option(
      '--ca <file>',
      'what its certificate is trusted by, in PEM form; its own certificate where it has made that itself',
    )
    .option('--upstream <name>', 'have only this one mirrored; may be repeated', collect)
    .option(
      '--write <folder>',
      'write the files below this folder in place of printing them; / for this machine',
    )
    .option('--config <file>', 'the config.yml of the cache')
    .addOption(outputOption())
    .action(async (name: (typeof CLIENTS)[number], flags: ClientConfigFlags) => {
      const { clientConfig } = await import('../commands/client-config.ts');
      const { config, host, ca, upstream: upstreams = [], write, output } = flags;
      const options = { client: name, host, ca, upstreams, write, output, terminal: stdout() };
      await clientConfig({ configFile: config }, options);
    });
  withExamples(command, [
    ['registry-cache client-config podman --host cachehost:8443', 'for podman, skopeo and buildah'],
    [
      'registry-cache client-config containerd --host cachehost:8443 --ca ca.crt --write /',
      'on this very machine',
    ],
    ['podman exec registry-cache registry-cache client-config k3s --host cachehost:8443', 'from a container'],
  ]);
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
      const { register } = await import('../commands/register.ts');
      const { pullSecret, ...rest } = flags;
      const source = { configFile, ...(pullSecret === undefined ? {} : { pullSecret }) };
      await register(source, { ...rest, origin, name, host, terminal: stdout() });
    });
  withExamples(command, [
    [
      'registry-cache register --origin https://dtr.example.com --name region-asia --host https://cache.example.com:443',
      'who chooses region-asia there pulls through this cache',
    ],
  ]);
}

interface DemoFlags {
  readonly port: number;
  readonly once?: boolean;
}

function addDemo(program: Command): void {
  const command = program
    .command('demo')
    .description('pull an image twice through a cache of its own, with no network and no configuration')
    .option('--port <port>', 'where the cache listens; another free one where it is taken', parsePort, 8443)
    .option('--once', 'stop after the two pulls')
    .action(async ({ port, once = false }: DemoFlags) => {
      const { demo } = await import('../commands/demo.ts');
      await demo({ port, once, terminal: stdout() });
    });
  withExamples(command, [['registry-cache demo', 'and leave it running for your own pulls']]);
}

function addCompletion(program: Command, setExitCode: SetExitCode): void {
  const shell = new Argument('<shell>').choices(['bash', 'zsh', 'fish']);
  const command = program
    .command('completion')
    .description('print what makes a shell complete commands, options and cached images')
    .addArgument(shell)
    .action(async (name: 'bash' | 'zsh' | 'fish') => {
      const { completion } = await import('../commands/completion.ts');
      completion(name, program, stdout());
    });
  withExamples(command, [
    ['source <(registry-cache completion bash)', 'in this bash'],
    ['registry-cache completion bash > /etc/bash_completion.d/registry-cache', 'in each'],
    ['registry-cache completion zsh > "${fpath[1]}/_registry-cache"', 'in each zsh'],
    ['registry-cache completion fish > ~/.config/fish/completions/registry-cache.fish', 'in each fish'],
  ]);
  // What the shell asks while somebody types.
  program
    .command('__complete', { hidden: true })
    .argument('<kind>')
    .option('--config <file>')
    .option('--socket <file>')
    .action(async (kind: string, flags: { readonly config?: string; readonly socket?: string }) => {
      const { complete } = await import('../commands/completion.ts');
      setExitCode(await complete(kind, flags, stdout()));
    });
}

function addVersion(program: Command): void {
  program
    .command('version')
    .description('print the version')
    .action(() => stdout().print(version()));
}
