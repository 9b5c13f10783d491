import type { CommandDescription, Completed, OptionDescription } from './describe-commands.ts';

// What `_arguments` wants completions to be added with comes before what it was told.
const CACHED = `_registry_cache_cached() {
  local -a found
  found=(\${(f)"$(registry-cache __complete \${@[-1]} \${(kv)opt_args[(I)--(config|socket)]} 2> /dev/null < /dev/null)"})
  compadd "\${@[1,-2]}" -a found
}`;

export function formatZshCompletion(commands: readonly CommandDescription[]): string {
  return [
    '#compdef registry-cache',
    '# made by `registry-cache completion zsh`',
    '',
    CACHED,
    '',
    '_registry_cache() {',
    '  local context state line',
    '  local -A opt_args',
    '  local -a commands',
    '  commands=(',
    ...commands.flatMap(({ names, description }) =>
      names.map((name) => `    ${quote(`${name}:${description}`)}`),
    ),
    '  )',
    "  _arguments -C '1: :->command' '*:: :->rest'",
    '  case $state in',
    '    command)',
    '      _describe -t commands command commands',
    '      _files',
    '      ;;',
    '    rest)',
    '      case $words[1] in',
    ...commands.flatMap(formatCommand),
    '      esac',
    '      ;;',
    '  esac',
    '}',
    '',
    '# Sourced, it is a definition; found in fpath, it is called.',
    'if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _registry_cache "$@"; else compdef _registry_cache registry-cache; fi',
  ].join('\n');
}

function formatCommand({ names, options, argument }: CommandDescription): string[] {
  const specifications = [
    ...options.flatMap(formatOption),
    ...(argument.kind === 'choices' && argument.choices.length === 0
      ? []
      : [`*:${labelOf(argument)}:${actionOf(argument)}`]),
  ];
  return [
    `        ${names.join('|')})`,
    `          _arguments ${specifications.map(quote).join(' ')}`,
    '          ;;',
  ];
}

/** Any of them may be repeated: which may not is the command's to say. */
function formatOption({ short, long, description, value }: OptionDescription): string[] {
  const text = description.replaceAll(/[[\]:\\]/g, String.raw`\$&`);
  const rest = `[${text}]${value === undefined ? '' : `:${labelOf(value)}:${actionOf(value)}`}`;
  const takes = value === undefined ? '' : '=';
  return [`*${long}${takes}${rest}`, ...(short === undefined ? [] : [`*${short}${rest}`])];
}

function labelOf(completed: Completed): string {
  return completed.kind === 'cached' ? completed.what : 'value';
}

function actionOf(completed: Completed): string {
  switch (completed.kind) {
    case 'choices':
      return `(${completed.choices.join(' ')})`;
    case 'cached':
      return `_registry_cache_cached ${completed.what}`;
    case 'files':
      return '_files';
    case 'folders':
      return '_files -/';
    case 'anything':
      return ' ';
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
