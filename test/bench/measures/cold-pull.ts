import { join } from 'node:path';
import type { PeerRow } from '../goals.ts';
import { makeImage } from '../images.ts';
import type { Bench, BenchImage, Goal, Measure, Row, Table } from '../measure.ts';
import { pullImage, readStreams } from '../run/bench-tools.ts';
import { describeFailure, makeWarmUpImage, pullOf, withPractisedPeer } from '../side-by-side.ts';
import { medianOf, rotate } from '../statistics.ts';

export const coldPull: Measure = {
  id: 'cold-pull',
  title: 'The first pull of an image',
  async run(bench) {
    const layered = await makeImage({
      directory: join(bench.directory, 'image'),
      originUrl: bench.upstream.originUrl,
      repository: 'bench/first-bytes',
      layers: LAYERS_PER_ROUND,
      sizeBytes: LAYERS_PER_ROUND * 4 * MEBIBYTE,
    });
    const contestants = contestantsOf(bench, { layered, warmUp: await makeWarmUpImage(bench) });
    const rounds = bench.quick ? 1 : 3;
    for (let round = 0; round < rounds; round += 1) {
      for (const contestant of rotate(contestants, round)) {
        bench.progress(`${contestant.label}: round ${round + 1} of ${rounds}`);
        await contestant.takePart();
      }
    }
    return [describePulls(bench, contestants), describeFirstBytes(contestants)];
  },
};

interface ColdImages {
  /** Whose layers are asked for one by one. */
  readonly layered: BenchImage;
  readonly warmUp: BenchImage;
}

/** A peer, or the upstream itself. */
interface Contestant {
  readonly label: string;
  readonly peer?: PeerRow['peer'];
  readonly pulls: Samples;
  readonly firstBytes: Samples;
  /** Takes a sample of the one, and one for each layer of the other. */
  takePart(): Promise<void>;
}

/** One that failed once is not asked again. */
interface Samples {
  readonly taken: number[];
  failure?: string;
}

const LAYERS_PER_ROUND = 8;
const MEBIBYTE = 2 ** 20;
const STRAIGHT = 'straight from the upstream';

function contestantsOf(bench: Bench, { layered, warmUp }: ColdImages): Contestant[] {
  const straight = createContestant({ label: STRAIGHT }, (take) => take(`${bench.upstream.url}/v2/`));
  const peers = bench.peers.map((peer) =>
    createContestant({ label: peer.title, peer: peer.name }, (take) =>
      withPractisedPeer(bench, { peer, warmUp, shape: bench.usualShape }, (running) => take(running.base)),
    ),
  );
  return [straight, ...peers];

  function createContestant(
    who: Pick<Contestant, 'label' | 'peer'>,
    withBase: (take: (base: string) => Promise<void>) => Promise<void>,
  ): Contestant {
    const pulls: Samples = { taken: [] };
    const firstBytes: Samples = { taken: [] };
    return {
      ...who,
      pulls,
      firstBytes,
      takePart: () =>
        withBase(async (base) => {
          await record(pulls, async () => {
            const { seconds } = await pullImage({ ...pullOf(bench.upstream.image, base), clients: 1 });
            return [seconds];
          });
          await record(firstBytes, () => firstByteMs(layered, base));
        }),
    };
  }
}

async function record(samples: Samples, take: () => Promise<readonly number[]>): Promise<void> {
  if (samples.failure !== undefined) return;
  try {
    samples.taken.push(...(await take()));
  } catch (err) {
    samples.failure = describeFailure(err);
  }
}

async function firstByteMs({ repository, blobs }: BenchImage, base: string): Promise<number[]> {
  const samples: number[] = [];
  // The first of them is the config.
  for (const { digest, file } of blobs.slice(1)) {
    const url = `${base}${repository}/blobs/${digest}`;
    samples.push((await readStreams({ url, file, streams: 1 })).firstByteMs);
  }
  return samples;
}

function describePulls({ upstream, usualShape }: Bench, contestants: readonly Contestant[]): Table {
  const rows = rowsOf(contestants, ({ pulls }) => pulls);
  const { latencyMs, bytesPerSecond } = usualShape;
  return {
    title: `Cold pull of an image of 20 layers, ${Math.round(upstream.image.sizeBytes / MEBIBYTE)} MiB, by one client`,
    unit: 's',
    rows,
    goals: compare(rows, '≤ 1.03 × straight from the upstream', 1.03, (ours, straight) => ours / straight),
    note:
      `The upstream is ${latencyMs} ms away and sends ${bytesPerSecond / 1e6} MB/s on each connection; the client fetches six blobs at a time. ` +
      'Straight from the upstream is plain HTTP. Each peer is a process that has pulled another image before.',
  };
}

function describeFirstBytes(contestants: readonly Contestant[]): Table {
  const rows = rowsOf(contestants, ({ firstBytes }) => firstBytes);
  return {
    title: 'First byte of a cold blob',
    unit: 'ms',
    rows,
    goals: compare(
      rows,
      '≤ 3 ms more than straight from the upstream',
      3,
      (ours, straight) => ours - straight,
    ),
    note: 'From the request to the first byte of the body, on a connection that is open, for blobs of 4 MiB one after the other.',
  };
}

function rowsOf(contestants: readonly Contestant[], samplesOf: (contestant: Contestant) => Samples): Row[] {
  return contestants.map((contestant) => {
    const { taken, failure } = samplesOf(contestant);
    const { label } = contestant;
    return failure === undefined ? { label, samples: taken } : { label, samples: [], failure };
  });
}

function compare(
  rows: readonly Row[],
  text: string,
  limit: number,
  difference: (ours: number, straight: number) => number,
): Goal[] {
  const ours = rows.find(({ label }) => label === 'registry-cache');
  const straight = rows.find(({ label }) => label === STRAIGHT);
  if (ours === undefined || straight === undefined) return [];
  return [
    { text, value: difference(medianOf(ours.samples), medianOf(straight.samples)), limit, atLeast: false },
  ];
}
