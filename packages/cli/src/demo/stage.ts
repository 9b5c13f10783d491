import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDemoCache, type DemoCache } from './cache.ts';
import { freePort } from './free-port.ts';
import { buildDemoImage, type DemoImage } from './image.ts';
import { startDemoUpstream, type DemoUpstream, type Link } from './upstream.ts';

/** Everything that a demo needs, up and running. */
export interface Stage {
  readonly image: DemoImage;
  readonly upstream: DemoUpstream;
  readonly cache: DemoCache;
  /** `localhost:<port>`, as clients write it. */
  readonly host: string;
  /** As clients of the cache write it: `registry.demo/hello`. */
  readonly repository: string;
}

export interface StageOptions {
  /** Another free one is used where it is taken. */
  readonly port: number;
  readonly upstreamName: string;
  readonly link: Link;
  readonly signal: AbortSignal;
}

/** Starts an upstream and the cache before it, hands them to `play`, and leaves neither process nor file behind. */
export async function withStage(options: StageOptions, play: (stage: Stage) => Promise<void>): Promise<void> {
  const { upstreamName, signal } = options;
  const image = buildDemoImage();
  const folder = await mkdtemp(join(tmpdir(), 'registry-cache-demo-'));
  try {
    const upstream = await startDemoUpstream(image, options.link);
    try {
      const port = await freePort(options.port);
      const cache = await startDemoCache({ folder, port, upstreamName, upstreamUrl: upstream.url, signal });
      try {
        const repository = `${upstreamName}/${image.repository}`;
        await play({ image, upstream, cache, host: `localhost:${port}`, repository });
      } finally {
        await cache.close();
      }
    } finally {
      await upstream.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
