import { readdir, readFile } from 'node:fs/promises';

export type ChildName = 'logger' | 'worker' | 'proxy' | 'cleaner';

export interface ChildProcessEntry {
  readonly pid: number;
  readonly name: ChildName;
}

/** The cache's processes below its supervisor, as the kernel lists them. */
export async function listChildren(supervisorPid: number): Promise<ChildProcessEntry[]> {
  const entries = await Promise.all((await readdir('/proc')).map((entry) => findProcess(Number(entry))));
  return entries.flatMap((entry) => {
    if (entry === undefined || entry.parentPid !== supervisorPid) return [];
    const name = findChildName(entry.commandLine);
    return name === undefined ? [] : [{ pid: entry.pid, name }];
  });
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (err) {
    if (hasEnded(err)) return false;
    throw err;
  }
}

interface ProcessEntry {
  readonly pid: number;
  readonly parentPid: number;
  readonly commandLine: string;
}

async function findProcess(pid: number): Promise<ProcessEntry | undefined> {
  if (!Number.isInteger(pid)) return undefined;
  try {
    const [stat, commandLine] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
    ]);
    // The command's name is in parentheses and may have spaces: the fields are counted from behind it.
    const [, parentPid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { pid, parentPid: Number(parentPid), commandLine };
  } catch (err) {
    if (hasEnded(err)) return undefined;
    throw err;
  }
}

/** What reading of a process says that ended meanwhile. */
function hasEnded(err: unknown): boolean {
  return err instanceof Error && 'code' in err && (err.code === 'ENOENT' || err.code === 'ESRCH');
}

function findChildName(commandLine: string): ChildName | undefined {
  const name = /packages\/(logger|worker|proxy|cleaner)\/dist\/main\.js/.exec(commandLine)?.[1];
  return name as ChildName | undefined;
}
