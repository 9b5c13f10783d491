import type { AdminUpstream } from '@registry-cache/config';
import type { Inspection, RunningFill, UpstreamStatus } from '@registry-cache/control';
import type { ImageName, StoredImageDetail } from '@registry-cache/store/images';
import { describeDuration, percentOf } from './in-words.ts';

/** What is known of an image when somebody asks why its next pull would take long. */
export interface PullSituation {
  readonly name: ImageName;
  /** Undefined where the configuration does not know it. */
  readonly upstream: { readonly settings: AdminUpstream; readonly status: UpstreamStatus } | undefined;
  readonly image: StoredImageDetail | undefined;
  /** Of its repository. */
  readonly fills: readonly RunningFill[];
  readonly nowMs: number;
}

type Verdict = Pick<Inspection, 'nextPull' | 'reasons'>;
interface Finding {
  readonly nextPull: Inspection['nextPull'];
  readonly reason: string;
}

const ORDER: readonly Inspection['nextPull'][] = ['hit', 'revalidated', 'miss'];

/** Whether the next pull would be a hit, and if not, every reason why, in the order in which a client would meet them. */
export function explainNextPull(situation: PullSituation): Verdict {
  const { name, upstream } = situation;
  if (upstream === undefined) {
    const reason = `${name.upstream} is no upstream of this cache: clients are refused`;
    return { nextPull: 'miss', reasons: [reason] };
  }
  const findings = [...findTagReasons(situation), ...findContentReasons(situation)];
  const nextPull = ORDER.findLast((each) => findings.some((finding) => finding.nextPull === each)) ?? 'hit';
  const reasons = findings.map(({ reason }) => reason);
  const outage = nextPull === 'hit' ? undefined : describeOutage(upstream.status, nextPull, situation.nowMs);
  return { nextPull, reasons: outage === undefined ? reasons : [...reasons, outage] };
}

/** Whether the upstream is asked what the tag stands for. */
function findTagReasons({ name, upstream, image, nowMs }: PullSituation): readonly Finding[] {
  if (name.reference.kind !== 'tag' || image === undefined || upstream === undefined) return [];
  const { tagTtlMs } = upstream.settings;
  const { confirmedAtMs } = image;
  if (confirmedAtMs === undefined || Math.abs(nowMs - confirmedAtMs) < tagTtlMs) return [];
  const confirmed =
    confirmedAtMs > nowMs
      ? 'confirmed the tag before the clock was set back'
      : `confirmed the tag ${describeDuration(nowMs - confirmedAtMs)} ago`;
  const limit = tagTtlMs === 0 ? 'asks every time' : `allows ${describeDuration(tagTtlMs)}`;
  const reason = `${name.upstream} ${confirmed} and is asked again, since its tagttl ${limit}`;
  return [{ nextPull: 'revalidated', reason }];
}

function findContentReasons({ name, image, fills }: PullSituation): readonly Finding[] {
  if (image === undefined) return [{ nextPull: 'miss', reason: whyUnknown(name) }];
  const findings: Finding[] = [];
  const miss = (reason: string): void => void findings.push({ nextPull: 'miss', reason });
  if (image.state === 'evicted') miss(`its manifest ${short(image.digest)} was evicted, or never arrived`);
  findings.push(...findManifestReasons(name, image.manifests));
  const isIndex = image.manifests.length > 1;
  for (const manifest of image.manifests.filter(({ isStored }) => isStored)) {
    const missing = manifest.blobs.filter(({ isStored }) => !isStored);
    const of = isIndex && manifest.platform !== undefined ? ` of ${manifest.platform}` : '';
    if (missing.length > 0) {
      miss(`${missing.length} of ${manifest.blobs.length} blobs${of} are not stored: ${listOf(missing)}`);
    }
    const unlinked = manifest.blobs.filter(({ isStored, isLinked }) => isStored && !isLinked);
    if (unlinked.length > 0) {
      const whose = `whether ${name.repository} holds ${listOf(unlinked)}`;
      const reason = `${name.upstream} is asked first ${whose}: stored${of}, but of another repository until now`;
      findings.push({ nextPull: 'revalidated', reason });
    }
  }
  const wanted = new Set(
    image.manifests.flatMap(({ digest, blobs }) => [digest, ...blobs.map((b) => b.digest)]),
  );
  for (const fill of fills.filter(({ digest }) => [...wanted].some((each) => each === digest))) {
    miss(describeFill(fill));
  }
  const otherPlatforms = listMissingPlatforms(image);
  if (otherPlatforms !== undefined) findings.push({ nextPull: 'hit', reason: otherPlatforms });
  return findings;
}

/** Manifests that the upstream is asked for though they are stored, and an index of which nothing else is. */
function findManifestReasons(
  { upstream, repository, reference }: ImageName,
  [own, ...inner]: StoredImageDetail['manifests'],
): readonly Finding[] {
  if (own?.isStored !== true) return [];
  const findings: Finding[] = [];
  if (!own.isLinked && reference.kind === 'tag') {
    const reason = `its manifest is fetched again: ${upstream} has not said that ${repository} holds it`;
    findings.push({ nextPull: 'miss', reason });
  }
  if (inner.length > 0 && !inner.some(({ isStored, platform }) => isStored && platform !== NO_PLATFORM)) {
    findings.push({ nextPull: 'miss', reason: 'its index is stored, and no image that it names' });
  }
  const unlinked = inner.filter(({ isStored, isLinked }) => isStored && !isLinked);
  if (unlinked.length > 0) {
    const reason = `${upstream} is asked first whether ${repository} holds ${listOf(unlinked)}`;
    findings.push({ nextPull: 'revalidated', reason });
  }
  return findings;
}

function whyUnknown({ upstream, repository, reference }: ImageName): string {
  return reference.kind === 'tag'
    ? `the tag ${reference.tag} of ${upstream}/${repository} was never pulled, or was removed`
    : `the manifest ${short(reference.digest)} is not stored, or ${upstream} has not said that ${repository} holds it`;
}

/** An index may name ten platforms of which one is ever pulled: that is no fault, and yet an answer. */
function listMissingPlatforms({ manifests }: StoredImageDetail): string | undefined {
  const missing = manifests.filter(({ isStored, platform }) => !isStored && isPlatform(platform));
  if (missing.length === 0) return undefined;
  const names = missing.map(({ platform }) => platform).join(', ');
  return `not stored, and a miss for who wants one: ${names}`;
}

/** Attestations are listed as if they were images of this platform. */
const NO_PLATFORM = 'unknown/unknown';

function isPlatform(platform: string | undefined): boolean {
  return platform !== undefined && platform !== NO_PLATFORM;
}

function describeFill({ digest, receivedBytes, sizeBytes }: RunningFill): string {
  const share = sizeBytes === undefined ? '' : `, ${percentOf(receivedBytes, sizeBytes)} of it is there`;
  return `${short(digest)} is being fetched now${share}: a pull joins that`;
}

function describeOutage(
  { name, state, problem = 'no reason known', askedAgainAtMs }: UpstreamStatus,
  nextPull: 'revalidated' | 'miss',
  nowMs: number,
): string | undefined {
  if (state !== 'down' && state !== 'limited') return undefined;
  const what = state === 'down' ? 'does not answer' : 'wants to be left alone';
  const waitMs = (askedAgainAtMs ?? 0) - nowMs;
  const again = waitMs > 0 ? `; it is asked again in ${describeDuration(waitMs)}` : '';
  const until =
    nextPull === 'miss' ? 'until then such pulls fail' : 'until then what is stored is answered as it is';
  return `${name} ${what} (${problem})${again}; ${until}`;
}

const LISTED = 3;

function listOf(blobs: readonly { readonly digest: string }[]): string {
  const names = blobs.slice(0, LISTED).map(({ digest }) => short(digest));
  const others = blobs.length - names.length;
  return others > 0 ? `${names.join(', ')} and ${others} more` : names.join(', ');
}

function short(digest: string): string {
  return digest.slice(0, digest.indexOf(':') + 13);
}
