import { once } from 'node:events';
import { EXIT_FAILURE } from '@registry-cache/runtime';
import { CommandFailure } from '../command-failure.ts';
import { pullImage } from '../demo/pull.ts';
import { createRegistryClient } from '../demo/registry-client.ts';
import { formatPull, trafficBetween } from '../demo/report.ts';
import { withStage, type Stage } from '../demo/stage.ts';
import { tryItCommands } from '../demo/try-it.ts';
import type { Link } from '../demo/upstream.ts';
import { formatBytes } from '../terminal/quantities.ts';
import { stopSignal } from '../terminal/stop-signal.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface DemoOptions {
  readonly port: number;
  /** Ends after the two pulls. */
  readonly once: boolean;
  readonly terminal: Terminal;
}

const UPSTREAM_NAME = 'registry.demo';
// An upstream as near as the cache would make a hit no faster than a miss.
const LINK: Link = { latencyMs: 40, bytesPerSecond: 20 * 1024 * 1024 };

/** Pulls an image twice through the real cache, then leaves it and its upstream for the user's own pulls. */
export async function demo(options: DemoOptions): Promise<void> {
  const { port, terminal } = options;
  const signal = stopSignal();
  terminal.progress('starting the cache …');
  try {
    await withStage({ port, upstreamName: UPSTREAM_NAME, link: LINK, signal }, async (stage) => {
      terminal.progress('');
      introduce(stage, options);
      await pullTwice(stage, terminal, signal);
      if (!options.once) await leaveRunning(stage, terminal, signal);
    });
  } catch (err) {
    // Whatever a stop interrupted is no failure.
    if (!signal.aborted) throw err;
    terminal.progress('');
  }
}

function introduce({ host, upstream, cache }: Stage, { port, terminal }: DemoOptions): void {
  if (port !== 0 && host !== `localhost:${port}`)
    terminal.print(`port ${port} is taken, so another is used\n`);
  const { latencyMs, bytesPerSecond } = LINK;
  terminal.print(`upstream  ${upstream.url}, known to the cache as ${UPSTREAM_NAME}`);
  terminal.print(`          acts as if it were ${latencyMs} ms and ${formatBytes(bytesPerSecond)}/s away`);
  terminal.print(`cache     https://${host}, with a self-signed certificate`);
  terminal.print(`          logs to ${cache.logFile}`);
}

async function pullTwice(stage: Stage, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const { image, upstream, host, repository } = stage;
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const client = createRegistryClient(`https://${host}`, signal);
  try {
    for (const title of ['first pull', 'second pull']) {
      const before = upstream.traffic();
      const steps = await pullImage({ client, repository, tag: image.tag, architecture });
      const traffic = trafficBetween(before, upstream.traffic());
      const heading = `${title} of ${repository}:${image.tag}, linux/${architecture}`;
      terminal.print(`\n${terminal.style('bold', heading)}`);
      for (const line of formatPull({ steps, upstream: traffic }, terminal)) terminal.print(`  ${line}`);
    }
  } finally {
    client.close();
  }
}

async function leaveRunning(stage: Stage, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const { host, repository, image, cache } = stage;
  terminal.print('\nPull it yourself. The image holds text and no program: it can be pulled, not run.\n');
  for (const command of tryItCommands(host, repository, image.tag)) terminal.print(`  ${command}`);
  terminal.print('\nThe cache and its upstream stay until Ctrl-C.');
  signal.throwIfAborted();
  await Promise.race([once(signal, 'abort'), cache.stopped]);
  if (!signal.aborted) {
    throw new CommandFailure('the cache has stopped by itself; the last lines of its log:', {
      exitCode: EXIT_FAILURE,
      problems: await cache.lastLogLines(),
    });
  }
  terminal.print('\nstopping …');
}
