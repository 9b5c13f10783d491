import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { atMostTimes, OTHER_PEERS } from '../goals.ts';
import type { Bench, Measure, RunningPeer, Table } from '../measure.ts';
import { runProgram } from '../run/programs.ts';
import { startSideBySide } from '../side-by-side.ts';

export const warmCopy: Measure = {
  id: 'warm-copy',
  title: 'A cached image, pulled by skopeo',
  async run(bench) {
    const { image } = bench.upstream;
    const peers = await startSideBySide(bench, [image]);
    try {
      const rows = await peers.sample({
        what: 'skopeo copy',
        rounds: bench.quick ? 2 : 3,
        take: (peer) => copySeconds(bench, peer),
      });
      const table: Table = {
        title: `skopeo copy of an image of 20 layers, ${Math.round(image.sizeBytes / 2 ** 20)} MiB`,
        unit: 's',
        rows,
        goals: atMostTimes(rows, 1, OTHER_PEERS, 'the best peer'),
        note: 'Into an empty folder. skopeo verifies each digest, which takes most of the time on the same cores.',
      };
      return [table];
    } finally {
      await peers.close();
    }
  },
};

async function copySeconds({ directory, upstream: { image } }: Bench, peer: RunningPeer): Promise<number> {
  const copy = join(directory, 'copy');
  const source = `docker://${peer.imagePrefix}${image.repository}:${image.tag}`;
  try {
    const started = performance.now();
    await runProgram('skopeo', [
      'copy',
      '--insecure-policy',
      '--src-tls-verify=false',
      source,
      `dir:${copy}`,
    ]);
    return (performance.now() - started) / 1000;
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}
