import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execaNode } from 'execa';
import { temporaryFolder } from './temporary-folder.ts';

/** Makes unix sockets as a process leaves them that is killed while it listens. */
export async function leaveSockets(paths: readonly string[]): Promise<void> {
  const script = join(await temporaryFolder(), 'listen.mjs');
  await writeFile(
    script,
    `import { createServer } from 'node:net';
     for (const path of process.argv.slice(2)) await new Promise((done) => createServer().listen(path, done));
     process.kill(process.pid, 'SIGKILL');`,
  );
  await execaNode(script, paths, { reject: false, env: {}, nodeOptions: [] });
}
