import { access, constants, mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { homedir } from 'node:os';
import type { TestProject } from 'vitest/node';
import { run } from './run.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The image that was built from this checkout. */
    image: string;
  }
}

/** What the tests run, and where it is from. A test that cannot run is a failure, never a skip. */
const TOOLS: Readonly<Record<string, string>> = {
  podman: 'Debian: podman, with runc, netavark and aardvark-dns',
  buildah: 'Debian: buildah',
  skopeo: 'Debian: skopeo',
  'docker-registry': 'Debian: docker-registry',
  containerd: 'Debian: containerd',
  ctr: 'Debian: containerd',
  docker: 'Debian: docker.io, of which only two programs are taken',
  dockerd: 'the same',
  htpasswd: 'Debian: apache2-utils',
  openssl: 'Debian: openssl',
  prlimit: 'Debian: util-linux',
  chromium: 'Debian: chromium',
  promtool: 'Debian: prometheus, of which only this program is taken',
  mmdebstrap: 'Debian: mmdebstrap',
  tmux: 'Debian: tmux',
  zsh: 'Debian: zsh',
  fish: 'Debian: fish',
  buildkitd: 'go install github.com/moby/buildkit/cmd/buildkitd',
  buildctl: 'go install github.com/moby/buildkit/cmd/buildctl',
  crane: 'go install github.com/google/go-containerregistry/cmd/crane',
  'copy-image': 'go build -C test/e2e/support/copy-image',
  'stack-config': 'go build -C test/e2e/support/compose-files',
  'compose-config': 'the same',
  registry: 'go install github.com/distribution/distribution/v3/cmd/registry',
};

const IMAGE = 'localhost/registry-cache-e2e:latest';
const CACHE_FOLDER = join(homedir(), '.cache/registry-cache-e2e');

export default async function setup(project: TestProject): Promise<void> {
  process.env['PATH'] = [join(CACHE_FOLDER, 'bin'), process.env['PATH']].join(delimiter);
  await requireTools();
  await mkdir(CACHE_FOLDER, { recursive: true });
  await run(join(import.meta.dirname, 'build-image.sh'), [IMAGE, CACHE_FOLDER]);
  project.provide('image', IMAGE);
}

async function requireTools(): Promise<void> {
  const missing: string[] = [];
  for (const [tool, origin] of Object.entries(TOOLS)) {
    if (!(await isOnPath(tool))) missing.push(`${tool} (${origin})`);
  }
  if (missing.length > 0) {
    throw new Error(`not installed: ${missing.join(', ')}. test/e2e/support/install-tools.sh installs them.`);
  }
}

async function isOnPath(tool: string): Promise<boolean> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    try {
      await access(join(folder, tool), constants.X_OK);
      return true;
    } catch {
      // Not in this folder.
    }
  }
  return false;
}
