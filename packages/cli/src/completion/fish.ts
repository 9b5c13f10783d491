import type { CommandDescription, Completed, OptionDescription } from './describe-commands.ts';

// The options that say which cache is meant are passed on as they stand on the line.
const CACHED = `function __registry_cache_cached
    set -l words (commandline -opc)
    set -l address
    for index in (seq (count $words))
        switch $words[$index]
            case --config --socket
                set -a address $words[$index] $words[(math $index + 1)]
            case '--config=*' '--socket=*'
                set -a address $words[$index]
        end
    end
    registry-cache __complete $argv[1] $address 2>/dev/null </dev/null
end`;

export function formatFishCompletion(commands: readonly CommandDescription[]): string {
  return [
    '# fish completion for registry-cache, made by `registry-cache completion fish`',
    '',
    CACHED,
    '',
    ...commands.flatMap(formatCommand),
  ].join('\n');
}

function formatCommand({ names, description, options, argument }: CommandDescription): string[] {
  const condition = `-n '__fish_seen_subcommand_from ${names.join(' ')}'`;
  return [
    ...names.map(
      (name) => `complete -c registry-cache -n __fish_use_subcommand -a ${name} -d ${quote(description)}`,
    ),
    ...options.map((option) => `complete -c registry-cache ${condition} ${formatOption(option)}`),
    ...formatArgument(argument, condition),
  ];
}

function formatArgument(argument: Completed, condition: string): string[] {
  switch (argument.kind) {
    case 'files':
    case 'folders':
      return [];
    case 'choices':
    case 'cached':
    case 'anything':
      return [`complete -c registry-cache ${condition} ${valueOf(argument)}`];
  }
}

function formatOption({ short, long, description, value }: OptionDescription): string {
  return [
    ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
    `-l ${long.slice(2)}`,
    `-d ${quote(description)}`,
    ...(value === undefined ? [] : ['-r', valueOf(value)]),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** Files are what fish completes by itself. */
function valueOf(completed: Completed): string {
  switch (completed.kind) {
    case 'choices':
      return `-f -a ${quote(completed.choices.join(' '))}`;
    case 'cached':
      return `-f -a '(__registry_cache_cached ${completed.what})'`;
    case 'files':
      return '';
    case 'folders':
      return "-f -a '(__fish_complete_directories)'";
    case 'anything':
      return '-f';
  }
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
}
