import type { CommandDescription, Completed, OptionDescription } from './describe-commands.ts';

// Bash splits words at colons and more, which image names have: so the line is split at blanks here, and what bash believes to stand before the
// word is taken off every reply. It needs no package of functions for completion, and is made for bash 3.2 and later.
const ENGINE = `_registry_cache() {
  local line=\${COMP_LINE:0:COMP_POINT} current='' command='' option='' word
  local -a words address
  read -ra words <<< "$line"
  case $line in
    *[[:space:]]) ;;
    *)
      current=\${words[\${#words[@]} - 1]}
      unset "words[\${#words[@]}-1]"
      ;;
  esac
  for word in "\${words[@]:1}"; do
    if [[ -n $option ]]; then
      case $option in --config | --socket) address+=("$option" "$word") ;; esac
      option=''
    elif [[ $word == --config=* || $word == --socket=* ]]; then
      address+=("$word")
    elif [[ $word == -* ]]; then
      if [[ -n $(_registry_cache_value "$command" "$word") ]]; then option=$word; fi
    elif [[ -z $command ]]; then
      command=$word
    fi
  done

  COMPREPLY=()
  if [[ -n $option ]]; then
    _registry_cache_offer $(_registry_cache_value "$command" "$option")
  elif [[ $current == --*=* ]]; then
    option=\${current%%=*}
    current=\${current#*=}
    _registry_cache_offer $(_registry_cache_value "$command" "$option")
  elif [[ $current == -* ]]; then
    _registry_cache_offer choices $(_registry_cache_options "$command")
  elif [[ -z $command ]]; then
    _registry_cache_offer choices $(_registry_cache_commands)
    _registry_cache_offer files
  else
    _registry_cache_offer $(_registry_cache_argument "$command")
  fi
  _registry_cache_trim
}

# choices WORD... | files | folders | cached KIND
_registry_cache_offer() {
  local kind=$1 candidate
  shift
  while IFS= read -r candidate; do
    if [[ -n $candidate && $candidate == "$current"* ]]; then COMPREPLY+=("$candidate"); fi
  done < <(
    case $kind in
      choices) printf '%s\\n' "$@" ;;
      files) compgen -f -- "$current" ;;
      folders) compgen -d -- "$current" ;;
      cached) registry-cache __complete "$1" "\${address[@]}" 2> /dev/null < /dev/null ;;
    esac
  )
  case $kind in files | folders) compopt -o filenames 2> /dev/null ;; esac
}

_registry_cache_trim() {
  local before=\${current%"\${current##*["$COMP_WORDBREAKS"]}"} index
  if [[ -z $before ]]; then return; fi
  for index in "\${!COMPREPLY[@]}"; do COMPREPLY[index]=\${COMPREPLY[index]#"$before"}; done
}`;

export function formatBashCompletion(commands: readonly CommandDescription[]): string {
  return [
    '# bash completion for registry-cache, made by `registry-cache completion bash`',
    '',
    ENGINE,
    '',
    formatFunction('_registry_cache_commands', [
      `  echo ${commands.flatMap(({ names }) => names).join(' ')}`,
    ]),
    '',
    formatCases('_registry_cache_options', commands, ({ options }) => options.flatMap(namesOf).join(' ')),
    '',
    formatCases('_registry_cache_argument', commands, ({ argument }) => formatCompleted(argument)),
    '',
    '# COMMAND OPTION: nothing where the option takes no value',
    formatFunction('_registry_cache_value', [
      '  case "$1 $2" in',
      ...commands.flatMap(({ names, options }) =>
        options.flatMap((option) => formatValueCase(names, option)),
      ),
      '  esac',
    ]),
    '',
    'complete -F _registry_cache registry-cache',
  ].join('\n');
}

function formatCases(
  name: string,
  commands: readonly CommandDescription[],
  answer: (command: CommandDescription) => string,
): string {
  return formatFunction(name, [
    '  case $1 in',
    ...commands.map((command) => `    ${command.names.join(' | ')}) echo ${answer(command)} ;;`),
    '  esac',
  ]);
}

function formatValueCase(names: readonly string[], option: OptionDescription): string[] {
  const { value } = option;
  if (value === undefined) return [];
  const patterns = names.flatMap((name) => namesOf(option).map((each) => `"${name} ${each}"`));
  return [`    ${patterns.join(' | ')}) echo ${formatCompleted(value)} ;;`];
}

function formatFunction(name: string, lines: readonly string[]): string {
  return [`${name}() {`, ...lines, '}'].join('\n');
}

function namesOf({ short, long }: OptionDescription): string[] {
  return short === undefined ? [long] : [short, long];
}

function formatCompleted(completed: Completed): string {
  switch (completed.kind) {
    case 'choices':
      return ['choices', ...completed.choices].join(' ');
    case 'cached':
      return `cached ${completed.what}`;
    case 'files':
    case 'folders':
    case 'anything':
      return completed.kind;
  }
}
