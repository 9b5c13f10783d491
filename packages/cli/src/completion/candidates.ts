import type { ImageList, PinList, Status } from '@registry-cache/control';
import { EXIT_FAILURE } from '@registry-cache/runtime';
import { CommandFailure } from '../command-failure.ts';
import type { CacheAddress } from '../control/control-options.ts';
import { openControl } from '../control/open-control.ts';
import { nameOf } from '../images/image-name.ts';

/** Who types waits no longer. */
const TIMEOUT_MS = 1500;

/**
 * What a running cache knows of this kind: `images`, `repositories` or `pins`.
 *
 * @throws {CommandFailure} where it does not answer in time
 */
export async function findCandidates(kind: string, address: CacheAddress): Promise<readonly string[]> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const control = await openControl(address, signal);
  const ask = async <Answer>(path: string): Promise<Answer> => {
    try {
      return await control.ask<Answer>('GET', path);
    } catch (err) {
      if (signal.aborted) throw new CommandFailure('no answer in time', { exitCode: EXIT_FAILURE });
      throw err;
    }
  };
  switch (kind) {
    case 'images':
      return (await ask<ImageList>('/api/v1/images')).images.map(nameOf);
    case 'repositories': {
      const { upstreams } = await ask<Status>('/api/v1/status');
      const { images } = await ask<ImageList>('/api/v1/images');
      const repositories = images.map(({ upstream, repository }) => `${upstream}/${repository}`);
      return [...new Set([...upstreams.map(({ name }) => name), ...repositories])];
    }
    case 'pins': {
      const { pins } = await ask<PinList>('/api/v1/pins');
      return pins.filter(({ from }) => from === 'command').map(({ pattern }) => pattern);
    }
    default:
      return [];
  }
}
