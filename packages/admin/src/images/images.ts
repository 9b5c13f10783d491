import type { AdminSettings } from '@registry-cache/config';
import type { ImageList, Inspection, RemovalReport } from '@registry-cache/control';
import type { Digest } from '@registry-cache/oci';
import { layoutOf } from '@registry-cache/store';
import {
  findImage,
  findPinsInTheWay,
  formatImageName,
  InvalidImageNameError,
  parseImageName,
  removeImage,
  type ImageName,
  type PinnableImage,
  type StoredImage,
} from '@registry-cache/store/images';
import { CacheError } from '../cache.ts';
import type { Observatory } from '../observation/observatory.ts';
import { describeUpstream, listFills } from '../status/describe-upstreams.ts';
import { explainNextPull } from './explain-next-pull.ts';
import { createImageLists } from './image-lists.ts';
import { parseImagePrefix } from './image-prefix.ts';
import type { Pins } from './pins.ts';

/** What is stored, by image. */
export interface Images {
  list(prefix: string, signal: AbortSignal): Promise<ImageList>;
  inspect(name: string, signal: AbortSignal): Promise<Inspection>;
  remove(name: string, signal: AbortSignal): Promise<RemovalReport>;
  /** The store was changed. */
  forget(): void;
}

export interface ImagesOptions {
  readonly settings: () => AdminSettings;
  readonly observatory: Observatory;
  readonly pins: Pins;
  readonly now: () => number;
  readonly closing: AbortSignal;
}

/** `docker.io/alpine` is `docker.io/library/alpine`, unless it is a folder. */
const SHORT_NAME = /^(docker\.io\/)(?=[^/]+$)/;

export function createImages({ settings, observatory, pins, now, closing }: ImagesOptions): Images {
  const layout = (): ReturnType<typeof layoutOf> => layoutOf(settings().rootDirectory);
  const upstreams = (): readonly ImageName['upstream'][] => settings().upstreams.map(({ name }) => name);
  const lists = createImageLists({ layout, upstreams, closing });
  const parseName = (text: string): ImageName => {
    const byDefault = settings().upstreams.find((upstream) => upstream.default)?.name;
    try {
      return parseImageName(text, byDefault, upstreams());
    } catch (cause) {
      if (!(cause instanceof InvalidImageNameError)) throw cause;
      throw new CacheError('INVALID', cause.message, { cause });
    }
  };
  const pinnedError = (name: ImageName, patterns: readonly string[]): CacheError => {
    const isConfigured = patterns.some((pattern) => settings().cleaner.pins.includes(pattern));
    const advice = isConfigured ? 'remove that from cleaner.pins in config.yml' : 'unpin that';
    return new CacheError(
      'CONFLICT',
      `${formatImageName(name)} is pinned by ${patterns.join(', ')}: ${advice} first`,
    );
  };
  const storedAt = async (text: string, signal: AbortSignal): Promise<readonly StoredImage[]> => {
    const prefix = parseImagePrefix(text);
    return (await lists.list(prefix.folder, signal)).filter((image) => prefix.matches(image));
  };
  return {
    async list(text, signal) {
      const matcher = await pins.matcher();
      const stored = await storedAt(text, signal);
      const images =
        stored.length > 0 ? stored : await storedAt(text.replace(SHORT_NAME, '$1library/'), signal);
      return { images: images.map((image) => ({ ...image, isPinned: matcher.matches(image) })) };
    },
    async inspect(text, signal) {
      const name = parseName(text);
      const image = await findImage(layout(), name, signal);
      const matching = (await pins.matcher()).matchingPatterns(pinnable(name, image?.digest));
      const upstream = settings().upstreams.find((each) => each.name === name.upstream);
      const fills = listFills(observatory).filter(
        (fill) => fill.upstream === name.upstream && fill.repository === name.repository,
      );
      const status = upstream && { settings: upstream, status: describeUpstream(upstream, observatory) };
      return {
        name: formatImageName(name),
        isPinned: matching.length > 0,
        pins: matching,
        image,
        fills,
        ...explainNextPull({ name, upstream: status, image, fills, nowMs: now() }),
      };
    },
    async remove(text, signal) {
      const name = parseName(text);
      const patterns = await findPinsInTheWay(layout(), name, await pins.matcher(), signal);
      if (patterns.length > 0) throw pinnedError(name, patterns);
      const report = await removeImage(layout(), name, signal);
      if (report === undefined) {
        throw new CacheError('NOT_FOUND', `nothing is stored of ${formatImageName(name)}`);
      }
      lists.forget();
      return report;
    },
    forget: () => lists.forget(),
  };
}

function pinnable({ upstream, repository, reference }: ImageName, digest: Digest | undefined): PinnableImage {
  return reference.kind === 'tag'
    ? { upstream, repository, tag: reference.tag, digest }
    : { upstream, repository, digest: reference.digest };
}
