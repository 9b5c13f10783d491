import { join } from 'node:path';
import type { PeerRow } from '../goals.ts';
import { makeImage } from '../images.ts';
import type {
  Bench,
  BenchImage,
  Goal,
  Measure,
  Peer,
  RunningPeer,
  Table,
  UpstreamShape,
} from '../measure.ts';
import { pullImage } from '../run/bench-tools.ts';
import { describeFailure, makeWarmUpImage, pullOf, withPractisedPeer } from '../side-by-side.ts';
import { medianOf } from '../statistics.ts';

export const herd: Measure = {
  id: 'herd',
  title: 'A herd at a cold image',
  async run(bench) {
    const { upstream, quick } = bench;
    const compared = await makeImage({
      directory: join(bench.directory, 'image'),
      originUrl: upstream.originUrl,
      repository: 'bench/herd',
      layers: 20,
      sizeBytes: (quick ? 24 : 64) * MEBIBYTE,
    });
    const warmUp = await makeWarmUpImage(bench);
    const tables = await measureHerd(bench, { image: compared, warmUp }, bench.peers);
    const ours = bench.peers.filter(({ name }) => name === 'registry-cache');
    return quick || ours.length === 0
      ? tables
      : [...tables, ...(await measureHerd(bench, { image: upstream.image, warmUp }, ours))];
  },
};

interface HerdImages {
  readonly image: BenchImage;
  readonly warmUp: BenchImage;
}

/** What one herd at one peer cost. */
interface HerdFigures {
  readonly transferred: number;
  readonly getsPerBlob: number;
  readonly lastDoneSeconds: number;
}

type Outcome = { readonly peer: Peer } & ({ readonly figures: HerdFigures } | { readonly failure: string });

const CLIENTS = 50;
const MEBIBYTE = 2 ** 20;

// So slow that this machine can hand the bytes to all clients as fast as they come: otherwise it is its cores that are measured.
const FAR_UPSTREAM: UpstreamShape = { latencyMs: 20, bytesPerSecond: 1.5e6 };

// What 1.00 means when it is rounded.
const ONE_TRANSFER = 1.005;

async function measureHerd(bench: Bench, images: HerdImages, peers: readonly Peer[]): Promise<Table[]> {
  const { image } = images;
  const size = `${Math.round(image.sizeBytes / MEBIBYTE)} MiB`;
  bench.progress(`one client alone at the upstream, ${size}`);
  await bench.upstream.shape(FAR_UPSTREAM);
  const alone = await pullImage({ ...pullOf(image, `${bench.upstream.url}/v2/`), clients: 1 });
  const outcomes: Outcome[] = [];
  for (const peer of peers) {
    bench.progress(`${peer.title}: ${CLIENTS} clients, ${size}`);
    outcomes.push(await findOutcome(bench, images, peer));
  }
  return describeHerd(outcomes, size, alone.lastDoneSeconds);
}

async function findOutcome(bench: Bench, { image, warmUp }: HerdImages, peer: Peer): Promise<Outcome> {
  const cold = { peer, warmUp, shape: FAR_UPSTREAM };
  try {
    return {
      peer,
      figures: await withPractisedPeer(bench, cold, (running) => releaseHerd(bench, image, running)),
    };
  } catch (err) {
    const failure = describeFailure(err);
    bench.progress(`${peer.title}: ${failure}`);
    return { peer, failure };
  }
}

async function releaseHerd({ upstream }: Bench, image: BenchImage, peer: RunningPeer): Promise<HerdFigures> {
  await upstream.resetCounts();
  const { lastDoneSeconds } = await pullImage({ ...pullOf(image, peer.base), clients: CLIENTS });
  const { bytes, byPath } = await upstream.counts();
  const gets = image.blobs.map(({ digest }) => countGets(byPath, digest));
  return { transferred: bytes / image.sizeBytes, getsPerBlob: Math.max(...gets), lastDoneSeconds };
}

function countGets(byPath: Readonly<Record<string, number>>, digest: string): number {
  return Object.entries(byPath)
    .filter(([path]) => path.startsWith('GET ') && path.includes(digest))
    .reduce((sum, [, count]) => sum + count, 0);
}

function describeHerd(outcomes: readonly Outcome[], size: string, aloneSeconds: number): Table[] {
  const herdAt = `${CLIENTS} clients, one cold image of 20 layers, ${size}`;
  const transferred = rowsOf(outcomes, (figures) => figures.transferred);
  const gets = rowsOf(outcomes, (figures) => figures.getsPerBlob);
  const lastDone = rowsOf(outcomes, (figures) => figures.lastDoneSeconds);
  const alone = { label: 'one client alone, straight from the upstream', samples: [aloneSeconds] };
  return [
    {
      title: `${herdAt}: bytes of the upstream`,
      unit: '× the image',
      rows: transferred,
      goals: goalOf(transferred, 'the image 1.00 times', 1, ONE_TRANSFER),
      note: 'What the upstream sent, divided by the size of the image: manifest, config and layers.',
    },
    {
      title: `${herdAt}: requests to the upstream for one blob`,
      unit: 'GETs',
      rows: gets,
      goals: goalOf(gets, 'one GET for each blob', 1, 1),
      note: 'Of the blob that was asked for most often. nginx asks for each slice of a blob.',
    },
    {
      title: `${herdAt}: last client done`,
      unit: 's',
      rows: [...lastDone, alone],
      goals: goalOf(lastDone, '≤ 1.15 × one client alone', aloneSeconds, 1.15),
      note:
        `The upstream is ${FAR_UPSTREAM.latencyMs} ms away and sends ${FAR_UPSTREAM.bytesPerSecond / 1e6} MB/s on each connection. ` +
        'Each client fetches six blobs at a time.',
    },
  ];
}

function rowsOf(outcomes: readonly Outcome[], figure: (figures: HerdFigures) => number): PeerRow[] {
  return outcomes.map((outcome) => {
    const row = { label: outcome.peer.title, peer: outcome.peer.name };
    return 'figures' in outcome
      ? { ...row, samples: [figure(outcome.figures)] }
      : { ...row, samples: [], failure: outcome.failure };
  });
}

function goalOf(rows: readonly PeerRow[], text: string, unit: number, limit: number): Goal[] {
  const ours = rows.find(({ peer }) => peer === 'registry-cache');
  return ours === undefined ? [] : [{ text, value: medianOf(ours.samples) / unit, limit, atLeast: false }];
}
