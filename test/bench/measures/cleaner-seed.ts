import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PEERS_FOLDER } from '../peers/peer-setup.ts';
import { findCommand } from '../run/programs.ts';

const EVICTED = 3;
const POLL_MS = 25;

/** How long the seed's cleaner takes for each blob that it evicts, in seconds. It is stopped after three. */
export async function seedSecondsPerBlob(root: string): Promise<number> {
  const blobs = join(root, 'docker/registry/v2/blobs/sha256');
  const before = await countBlobs(blobs);
  const startedAtMs = performance.now();
  const cleaner = spawn(
    findCommand('bash'),
    [join(PEERS_FOLDER, 'seed/cleaner.sh'), root, '1', '0', '1800'],
    {
      detached: true,
      stdio: 'ignore',
    },
  );
  const ended = once(cleaner, 'exit');
  const { pid } = cleaner;
  if (pid === undefined) throw new Error('the cleaner of the seed did not start');
  try {
    while ((await countBlobs(blobs)) > before - EVICTED) {
      if (cleaner.exitCode !== null)
        throw new Error(`the cleaner of the seed ended with ${cleaner.exitCode}`);
      await delay(POLL_MS);
    }
    return (performance.now() - startedAtMs) / 1000 / EVICTED;
  } finally {
    // Its group, and so what it has just started.
    process.kill(-pid, 'SIGKILL');
    await ended;
  }
}

async function countBlobs(blobs: string): Promise<number> {
  const shards = await readdir(blobs);
  const folders = await Promise.all(shards.map((shard) => readdir(join(blobs, shard))));
  return folders.flat().length;
}
