import { Command, CommanderError } from 'commander';
import { addLooking } from './command-line/looking.ts';
import { formatExamples, type SetExitCode } from './command-line/options.ts';
import { addServing } from './command-line/serving.ts';
import { addSettingUp } from './command-line/setting-up.ts';
import { addSteering } from './command-line/steering.ts';
import { version } from './version.ts';

// Each command is imported when it is run: the one that serves stays for months and should hold nothing of the others.

const EXAMPLES = formatExamples([
  ['registry-cache demo', 'see it work, with no network and no configuration'],
  ['registry-cache', 'serve what pull-secret.json names, or well-known public registries'],
  ['registry-cache /config.yml', 'the same as serve /config.yml'],
  ['registry-cache check --connect', 'does the configuration work, and if not, why?'],
  ['registry-cache status', 'how does it do?'],
  ['registry-cache ls quay.io', 'what is cached of this upstream?'],
  ['registry-cache inspect quay.io/org/app:1.0', 'why was that pull slow?'],
  ['registry-cache warm -f images.txt', 'pull images before a rollout'],
  ["registry-cache pin 'quay.io/org/**'", 'never evict them'],
  ['registry-cache logs -f', 'what does it do?'],
]);

const AFTER_HELP = `
Examples:
${EXAMPLES}

Each command has its own: registry-cache COMMAND --help

Exit codes: 0 done, 1 failed, 78 the configuration is wrong.`;

/** Parses the arguments, runs the command they name, and resolves with its exit code. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = createProgram((code) => void (exitCode = code));
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (err) {
    // Commander has said what is wrong, or has printed the help or version that was asked for.
    if (err instanceof CommanderError) return err.exitCode;
    throw err;
  }
  return exitCode;
}

function createProgram(setExitCode: SetExitCode): Command {
  const program = new Command('registry-cache')
    .description('One cache between a fleet and every container registry it pulls from.')
    .version(version())
    .addHelpText('after', AFTER_HELP)
    .showHelpAfterError('(registry-cache --help says what there is)')
    .exitOverride();
  addServing(program, setExitCode);
  addLooking(program, setExitCode);
  addSteering(program, setExitCode);
  addSettingUp(program, setExitCode);
  return program;
}
