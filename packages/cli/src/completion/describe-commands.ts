import type { Argument, Command, Option } from 'commander';

/** A command as far as a shell completes it. */
export interface CommandDescription {
  readonly names: readonly string[];
  readonly description: string;
  readonly options: readonly OptionDescription[];
  readonly argument: Completed;
}

export interface OptionDescription {
  readonly long: string;
  /** `-f` */
  readonly short: string | undefined;
  readonly description: string;
  /** Undefined where it takes none. */
  readonly value: Completed | undefined;
}

/** What may stand somewhere; `cached` is what a running cache is asked for. */
export type Completed =
  | { readonly kind: 'choices'; readonly choices: readonly string[] }
  | { readonly kind: 'cached'; readonly what: CachedThing }
  | { readonly kind: 'files' }
  | { readonly kind: 'folders' }
  | { readonly kind: 'anything' };

export type CachedThing = 'images' | 'repositories' | 'pins';

const HELP: OptionDescription = {
  long: '--help',
  short: '-h',
  description: 'display help',
  value: undefined,
};

/** Those that are not hidden. */
export function describeCommands(program: Command): CommandDescription[] {
  return program.createHelp().visibleCommands(program).map(describeCommand);
}

function describeCommand(command: Command): CommandDescription {
  const [argument] = command.registeredArguments;
  return {
    names: [command.name(), ...command.aliases()],
    description: command.description(),
    options: [...command.options.flatMap(describeOption), HELP],
    argument: argument === undefined ? { kind: 'choices', choices: [] } : completedOf(argument, command),
  };
}

function describeOption(option: Option): OptionDescription[] {
  const { long, short, description, required, argChoices } = option;
  if (typeof long !== 'string') return [];
  const name = /<(.+)>/.exec(option.flags)?.[1] ?? '';
  const value = required ? (choicesOf(argChoices) ?? completedByName(name)) : undefined;
  return [{ long, short, description, value }];
}

function completedOf(argument: Argument, command: Command): Completed {
  // What is taken away is there; what is pinned need not be.
  if (command.name() === 'unpin') return { kind: 'cached', what: 'pins' };
  return choicesOf(argument.argChoices) ?? completedByName(argument.name());
}

function choicesOf(choices: readonly string[] | undefined): Completed | undefined {
  return choices && { kind: 'choices', choices };
}

/** Arguments and options of all commands that have one name are completed alike. */
function completedByName(name: string): Completed {
  switch (name) {
    case 'image':
    case 'pattern':
      return { kind: 'cached', what: 'images' };
    case 'upstream[/repository]':
      return { kind: 'cached', what: 'repositories' };
    case 'config.yml':
    case 'file':
      return { kind: 'files' };
    case 'folder':
      return { kind: 'folders' };
    default:
      return { kind: 'anything' };
  }
}
