import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startInBackground } from './background-process.ts';
import type { Installation } from './installation.ts';
import { attempt, run } from './run.ts';

/** A containerd of its own, which pulls content and runs nothing. */
export interface Containerd {
  /** Fetches an image of `quay.io` through its mirror. @throws with what ctr printed, where it fails */
  fetch(image: string): Promise<void>;
  /** The digests of everything that was fetched and verified. */
  digests(): Promise<string[]>;
  close(): Promise<void>;
}

// What needs a kernel's help, or a network, has no part in a fetch.
const CONFIG = (folder: string): string => `
version = 2
root = "${folder}/root"
state = "${folder}/state"
disabled_plugins = [
  "io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.overlayfs", "io.containerd.snapshotter.v1.zfs",
]
[grpc]
  address = "${folder}/containerd.sock"
[ttrpc]
  address = "${folder}/containerd.sock.ttrpc"
`;

/** @param mirrorAddress where the cache is reached: itself, or a wire that leads to it */
export async function startContainerd(
  { clientCertFolder, username, password }: Installation,
  mirrorAddress: string,
): Promise<Containerd> {
  const hostsFolder = await mkdtemp(join(tmpdir(), 'containerd-e2e-certs.d-'));
  await mkdir(join(hostsFolder, 'quay.io'));
  const mirror = `[host."https://${mirrorAddress}/v2/quay.io"]
  capabilities = ["pull", "resolve"]
  override_path = true
  ca = "${join(clientCertFolder, 'ca.crt')}"`;
  // The server is an address that nothing answers at: what comes, comes from the mirror.
  await writeFile(join(hostsFolder, 'quay.io/hosts.toml'), `server = "https://localhost:1"\n${mirror}\n`);
  const containerd = await startContainerdWith({ hostsFolder, login: `${username}:${password}` });
  return {
    ...containerd,
    close: async () => {
      await containerd.close();
      await rm(hostsFolder, { recursive: true });
    },
  };
}

export interface ContainerdOptions {
  /** A folder of `hosts.toml` files, `certs.d`. */
  readonly hostsFolder: string;
  /** `user:password` for the mirrors; none unless told. */
  readonly login?: string;
}

export async function startContainerdWith({ hostsFolder, login }: ContainerdOptions): Promise<Containerd> {
  // Its socket lies below it, and a socket's path has at most 107 bytes.
  const folder = await mkdtemp(join(tmpdir(), 'containerd-e2e-'));
  const configFile = join(folder, 'config.toml');
  await writeFile(configFile, CONFIG(folder));
  const ctr = ['--address', join(folder, 'containerd.sock')];
  const daemon = await startInBackground({
    command: 'containerd',
    args: ['--config', configFile],
    outputPath: join(folder, 'containerd.log'),
    isReady: async () => (await attempt('ctr', [...ctr, 'version'])).exitCode === 0,
  });
  return {
    fetch: async (image) => {
      const flags = ['--hosts-dir', hostsFolder, ...(login === undefined ? [] : ['--user', login])];
      await run('ctr', [...ctr, 'content', 'fetch', ...flags, image]);
    },
    digests: async () =>
      (await run('ctr', [...ctr, 'content', 'ls', '--quiet'])).stdout.split('\n').filter(Boolean),
    close: async () => {
      await daemon.stop();
      await rm(folder, { recursive: true });
    },
  };
}
