import type { Inspection } from '@registry-cache/control';
import type { StoredImageDetail } from '@registry-cache/store/images';
import type { ComponentChildren, JSX } from 'preact';
import type { Assets } from '../assets.ts';
import { linkTo } from '../links.ts';
import { ActionForm, ImageActions } from '../parts/actions.tsx';
import { ImageState } from '../parts/image-state.tsx';
import { Layout } from '../parts/layout.tsx';
import { ManifestCard } from '../parts/manifest-card.tsx';
import { Moment } from '../parts/moment.tsx';
import { ProgressRow } from '../parts/progress-row.tsx';
import { formatBytes, formatCounted, shortenDigest } from '../quantities.ts';
import type { Visit } from '../visit.ts';

export interface ImagePageProps {
  readonly inspection: Inspection;
  /** Patterns that may be taken back. */
  readonly ownPins: ReadonlySet<string>;
  readonly visit: Visit;
  readonly assets: Assets;
}

export function ImagePage({ inspection, ownPins, visit, assets }: ImagePageProps): JSX.Element {
  const { name, image, isPinned, fills } = inspection;
  return (
    <Layout title={name} current="images" visit={visit} assets={assets}>
      <div class="page-head">
        <h1 class="image-title">{name}</h1>
        {image === undefined ? (
          <WarmThis name={name} visit={visit} />
        ) : (
          <ImageActions image={{ ...image, isPinned }} ownPins={ownPins} visit={visit} labelled />
        )}
      </div>
      <div class="columns">
        <NextPull inspection={inspection} />
        <Facts inspection={inspection} nowMs={visit.nowMs} />
      </div>
      {fills.length > 0 && (
        <section class="card">
          <h2>Being fetched now</h2>
          <ul class="rows">
            {fills.map((fill) => (
              <ProgressRow
                key={fill.digest}
                name={fill.repository}
                detail={shortenDigest(fill.digest)}
                doneBytes={fill.receivedBytes}
                totalBytes={fill.sizeBytes}
                notes={[]}
              />
            ))}
          </ul>
        </section>
      )}
      {image?.manifests.map((manifest) => (
        <ManifestCard key={manifest.digest} manifest={manifest} nowMs={visit.nowMs} />
      ))}
    </Layout>
  );
}

function WarmThis({ name, visit }: { readonly name: string; readonly visit: Visit }): JSX.Element | null {
  if (visit.visitor.onlyLooks !== undefined) return null;
  return (
    <ActionForm action="warm" visit={visit} fields={{ name }}>
      <button type="submit" class="button">
        Warm
      </button>
    </ActionForm>
  );
}

const NEXT_PULL: Readonly<Record<Inspection['nextPull'], { tone: string; title: string; text: string }>> = {
  hit: { tone: 'good', title: 'hit', text: 'All of it comes from this cache.' },
  revalidated: {
    tone: 'good',
    title: 'hit, after a question',
    text: 'All of it comes from this cache, once the upstream has said that the tag has not moved.',
  },
  miss: { tone: 'warn', title: 'miss', text: 'The upstream has to send something.' },
};

function NextPull({ inspection: { nextPull, reasons } }: Pick<ImagePageProps, 'inspection'>): JSX.Element {
  const { tone, title, text } = NEXT_PULL[nextPull];
  return (
    <section class="card">
      <h2>The next pull</h2>
      <p class="verdict">
        <span class={`badge ${tone}`}>{title}</span> {text}
      </p>
      <ul class="reasons">
        {reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
    </section>
  );
}

function Facts({
  inspection,
  nowMs,
}: Pick<ImagePageProps, 'inspection'> & { readonly nowMs: number }): JSX.Element {
  const { image, pins } = inspection;
  return (
    <section class="card">
      <h2>What is stored</h2>
      <dl class="facts">
        {image === undefined ? (
          <Fact name="State">nothing of it</Fact>
        ) : (
          <Stored image={image} nowMs={nowMs} />
        )}
        <Fact name="Pinned">
          {pins.length === 0
            ? 'no'
            : pins.map((pattern) => (
                <code key={pattern} class="pattern">
                  {pattern}
                </code>
              ))}
        </Fact>
      </dl>
    </section>
  );
}

function Stored({
  image,
  nowMs,
}: {
  readonly image: StoredImageDetail;
  readonly nowMs: number;
}): JSX.Element {
  return (
    <>
      <Fact name="State">
        <ImageState image={image} />
        {image.missingBlobs > 0 && ` ${formatCounted(image.missingBlobs, 'blob')} missing`}
      </Fact>
      <Fact name="Digest">
        <code>{image.digest}</code>
      </Fact>
      {image.mediaType !== '' && <Fact name="Media type">{image.mediaType}</Fact>}
      <Fact name="Size">
        {formatBytes(image.storedBytes)} of {formatBytes(image.sizeBytes)} stored
      </Fact>
      {image.platforms.length > 0 && <Fact name="Platforms">{image.platforms.join(', ')}</Fact>}
      <Fact name="Last pull">
        <Moment atMs={image.pulledAtMs} nowMs={nowMs} />
      </Fact>
      {image.tag !== undefined && (
        <Fact name="Confirmed">
          <Moment atMs={image.confirmedAtMs} nowMs={nowMs} /> by{' '}
          <a href={linkTo('images', { q: `${image.upstream}/` })}>{image.upstream}</a>
        </Fact>
      )}
    </>
  );
}

function Fact({
  name,
  children,
}: {
  readonly name: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
