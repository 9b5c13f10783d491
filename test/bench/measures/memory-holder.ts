import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { parseObject } from '../run/bench-tools.ts';
import { findCommand } from '../run/programs.ts';

/** Clients that hold what they have opened, until they are told to finish. */
export interface HeldClients {
  /** What the tool printed when all was open. */
  readonly opened: object;
  /** Lets go, and resolves with the tool's figures. @throws where it saw a wrong byte or an unexpected status */
  finish(): Promise<object>;
}

/** Starts `bench-tools idle` or `bench-tools streams-held`; resolves when everything is open. */
export async function holdClients(...args: readonly string[]): Promise<HeldClients> {
  const child = spawn(findCommand('bench-tools'), args, { detached: true, stdio: 'pipe' });
  const errors: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      reject(new Error(`bench-tools ${args[0] ?? ''} ended with ${code}: ${errors.join('').trim()}`));
    });
  });
  // Nobody waits for it while the clients hold.
  failed.catch(() => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<object> => {
    const line = await lines.next();
    return line.done === true ? failed : parseObject(line.value);
  };
  try {
    return {
      opened: await nextLine(),
      finish() {
        child.stdin.end('\n');
        return nextLine();
      },
    };
  } catch (err) {
    child.kill();
    throw err;
  }
}
