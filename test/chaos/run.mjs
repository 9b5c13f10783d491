// usage: npm run test:chaos -- [--seconds N] [--seed S] [--no-disk] [--logins htpasswd|origin] [-- VITEST_ARGUMENTS]
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: {
    seconds: { type: 'string', default: '180' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    // Without root there is none either way.
    'no-disk': { type: 'boolean', default: false },
    // The seed chooses unless told.
    logins: { type: 'string', default: 'any' },
  },
  allowPositionals: true,
});

// npm has put the commands of dependencies on the path.
const { status, error } = spawnSync('vitest', ['run', '--project', 'chaos', ...positionals], {
  stdio: 'inherit',
  env: {
    ...process.env,
    CHAOS_SECONDS: values.seconds,
    CHAOS_SEED: values.seed,
    CHAOS_DISK: values['no-disk'] ? 'no' : 'if root',
    CHAOS_LOGINS: values.logins,
  },
});
if (error !== undefined) throw error;
process.exitCode = status ?? 1;
