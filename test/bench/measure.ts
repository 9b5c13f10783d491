/**
 * What the bench compares: this cache, and the programs that others use for the same job; and this cache with everything on by which
 * it can be watched.
 */
export type PeerName =
  'registry-cache' | 'registry-cache-observed' | 'seed' | 'distribution' | 'zot' | 'nginx';

/** How to start one of them, each with its configuration from `test/bench/peers`. */
export interface Peer {
  readonly name: PeerName;
  /** As the tables call it. */
  readonly title: string;
  /** As the program itself prints it. */
  version(): Promise<string>;
  /** Starts it with TLS in front and an empty cache; resolves when it answers. */
  start(options: StartPeerOptions): Promise<RunningPeer>;
}

export interface StartPeerOptions {
  /** Holds its configuration, its data and its log; the caller removes it. */
  readonly directory: string;
  /** Where every upstream name leads to. */
  readonly upstreamUrl: string;
  /** How many upstreams it is configured for; the first one is asked by `base`. One unless told. */
  readonly upstreams?: number;
  /** Leaves out what runs beside those that answer, where it can be left out: the seed's logger and cleaner. */
  readonly serversOnly?: boolean;
}

export interface RunningPeer {
  readonly name: PeerName;
  /** `https://127.0.0.1:PORT/v2/PREFIX`, which a repository's name is appended to: it ends in a slash. */
  readonly base: string;
  /** `127.0.0.1:PORT/PREFIX`, which `REPOSITORY:TAG` is appended to for clients of registries. */
  readonly imagePrefix: string;
  /** Of all its processes, at this moment. */
  pids(): Promise<readonly number[]>;
  close(): Promise<void>;
}

/** The origin registry behind the shaping proxy, and the images in it. */
export interface Upstream {
  readonly url: string;
  /** Of the registry itself, without shaping. */
  readonly originUrl: string;
  /** 20 layers of random bytes. */
  readonly image: BenchImage;
  /** One layer of random bytes. */
  readonly blobImage: BenchImage;
  /** 0 takes a limit away. */
  shape(limits: UpstreamShape): Promise<void>;
  /** Since the last reset. */
  counts(): Promise<UpstreamCounts>;
  resetCounts(): Promise<void>;
}

/** What the wire before the upstream adds to each answer, and leaves to each connection. */
export interface UpstreamShape {
  readonly latencyMs: number;
  readonly bytesPerSecond: number;
}

export interface UpstreamCounts {
  readonly requests: number;
  readonly bytes: number;
  /** By `METHOD /path`. */
  readonly byPath: Readonly<Record<string, number>>;
}

export interface BenchImage {
  readonly repository: string;
  readonly tag: string;
  readonly manifest: BenchFile;
  /** Config and layers. */
  readonly blobs: readonly BenchFile[];
  /** Of manifest and blobs together. */
  readonly sizeBytes: number;
  /** Holds every file by the hex of its digest. */
  readonly directory: string;
}

export interface BenchFile {
  readonly digest: string;
  readonly sizeBytes: number;
  readonly file: string;
}

/** One thing that is measured. */
export interface Measure {
  /** In file names and on the command line. */
  readonly id: string;
  readonly title: string;
  run(bench: Bench): Promise<readonly Table[]>;
}

export interface Bench {
  readonly quick: boolean;
  readonly upstream: Upstream;
  /** How the upstream is reached where a measure says nothing else. It holds again before each measure. */
  readonly usualShape: UpstreamShape;
  readonly peers: readonly Peer[];
  /** A folder of the measure's own, removed after it. */
  readonly directory: string;
  /** Prints what is going on. */
  progress(text: string): void;
}

/** Samples of the same quantity, taken in turns, and the goals that are judged by them. */
export interface Table {
  readonly title: string;
  /** What the samples are: `requests/s`, `MB/s`, `s`, `MB`. */
  readonly unit: string;
  readonly rows: readonly Row[];
  readonly goals: readonly Goal[];
  /** How it was measured, in a sentence or two. */
  readonly note: string;
  /** Drawn as a curve over `x` where a row has points. */
  readonly plot?: Plot;
}

export interface Row {
  readonly label: string;
  /** In the order taken; the report gives median, minimum and maximum. None where the peer cannot do it. */
  readonly samples: readonly number[];
  /** Why there are no samples. */
  readonly failure?: string;
}

export interface Goal {
  /** Such as `≥ 50 × seed`. */
  readonly text: string;
  /** Of medians. */
  readonly value: number;
  readonly limit: number;
  readonly atLeast: boolean;
}

export interface Plot {
  readonly file: string;
  readonly xLabel: string;
  readonly series: readonly {
    readonly label: string;
    readonly points: readonly (readonly [number, number])[];
  }[];
}
