import { attempt, run, type RunResult } from './run.ts';
import { waitFor } from './background-process.ts';
import { answers } from './http-get.ts';
import { isServing } from './running-cache.ts';
import type { RunningContainer } from './running-container.ts';

/** Somebody at the host's command line, with a container of the cache. */
export interface ContainerOperator {
  /** `podman exec CONTAINER registry-cache …`, which may fail. */
  command(...args: readonly string[]): Promise<RunResult>;
  /** The same as a user other than the container's. */
  commandAs(user: string, ...args: readonly string[]): Promise<RunResult>;
  /** Its answer with `--output json`. @throws where it fails */
  json(...args: readonly string[]): Promise<unknown>;
  /** Where the container's debug address is published, when it answers; `http://127.0.0.1:<port>` */
  debugUrl(): Promise<string>;
  /** Restarts the container, and resolves when it serves. */
  restart(): Promise<void>;
}

/** The container's port that `--publish` of the tests names. */
export const DEBUG_PORT = 5001;

/** Options of `podman run` that open the debug address, with no config.yml that tells of it. */
export const WITH_DEBUG_ADDRESS: readonly string[] = [
  `--env=REGISTRY_HTTP_DEBUG_ADDR=:${DEBUG_PORT}`,
  `--publish=127.0.0.1::${DEBUG_PORT}`,
];

export function operatorOf({ name, address, installation }: RunningContainer): ContainerOperator {
  const exec = (flags: readonly string[], args: readonly string[]): Promise<RunResult> =>
    attempt('podman', ['exec', ...flags, name, 'registry-cache', ...args]);
  return {
    command: (...args) => exec([], args),
    commandAs: (user, ...args) => exec([`--user=${user}`], args),
    async json(...args) {
      const { stdout } = await run('podman', ['exec', name, 'registry-cache', ...args, '--output', 'json']);
      return JSON.parse(stdout);
    },
    async debugUrl() {
      const { stdout } = await run('podman', ['port', name, `${DEBUG_PORT}/tcp`]);
      const url = `http://${stdout.trim()}`;
      await waitFor('the debug address', () => answers(`${url}/healthz`, [200]));
      return url;
    },
    async restart() {
      await run('podman', ['restart', name]);
      const port = Number(address.split(':')[1]);
      await waitFor('the container to serve again', () => isServing(port, installation));
    },
  };
}
