import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startInBackground } from './background-process.ts';
import { attempt, run } from './run.ts';

/** A buildkitd of its own, which needs nothing of this machine but runc. */
export interface Buildkit {
  /** Builds a Dockerfile, and resolves with the folder of the image that came of it, in the OCI layout. @throws with what it printed */
  build(dockerfile: string): Promise<string>;
  close(): Promise<void>;
}

/** @param configFile `buildkitd.toml` */
export async function startBuildkit(configFile: string): Promise<Buildkit> {
  // Its socket lies below it, and a socket's path has at most 107 bytes.
  const folder = await mkdtemp(join(tmpdir(), 'buildkit-e2e-'));
  const address = `unix://${join(folder, 'buildkitd.sock')}`;
  const worker = ['--containerd-worker=false', '--oci-worker-snapshotter', 'native'];
  const daemon = await startInBackground({
    command: 'buildkitd',
    args: ['--addr', address, '--root', join(folder, 'root'), '--config', configFile, ...worker],
    outputPath: join(folder, 'buildkitd.log'),
    isReady: async () => (await attempt('buildctl', ['--addr', address, 'debug', 'workers'])).exitCode === 0,
  });
  return {
    build: async (dockerfile) => {
      const context = await mkdtemp(join(folder, 'context-'));
      const layout = join(context, 'layout');
      await mkdir(layout);
      await writeFile(join(context, 'Dockerfile'), dockerfile);
      const local = ['--local', `context=${context}`, '--local', `dockerfile=${context}`];
      const output = ['--output', `type=oci,tar=false,dest=${layout}`];
      await run('buildctl', ['--addr', address, 'build', '--frontend', 'dockerfile.v0', ...local, ...output]);
      return layout;
    },
    close: async () => {
      await daemon.stop();
      await rm(folder, { recursive: true });
    },
  };
}
