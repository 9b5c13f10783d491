import type { Inspection } from '@registry-cache/control';
import type { JSX } from 'preact';
import type { Assets } from '../assets.ts';
import { linkTo } from '../links.ts';
import { ActionForm } from '../parts/actions.tsx';
import { Layout } from '../parts/layout.tsx';
import { formatBytes } from '../quantities.ts';
import type { Visit } from '../visit.ts';

export interface RemovePageProps {
  readonly inspection: Inspection;
  readonly back: string;
  readonly visit: Visit;
  readonly assets: Assets;
}

/** Asks whether it is meant. */
export function RemovePage({ inspection, back, visit, assets }: RemovePageProps): JSX.Element {
  const { name, image, pins } = inspection;
  const { onlyLooks } = visit.visitor;
  const isPinned = pins.length > 0;
  const mayGo = image !== undefined && !isPinned && onlyLooks === undefined;
  return (
    <Layout title={`Remove ${name}`} current="images" visit={visit} assets={assets}>
      <section class="card question">
        <h1>Remove this image?</h1>
        <p class="image-title">{name}</p>
        {image === undefined ? (
          <p>Nothing of it is stored.</p>
        ) : (
          <p>
            {formatBytes(image.storedBytes)} of it are stored. Blobs that other images have too stay. The next
            pull fetches the rest again.
          </p>
        )}
        {isPinned && (
          <p class="problem">
            It is pinned by {pins.join(', ')}: <a href={linkTo('pins')}>unpin that</a> first.
          </p>
        )}
        {onlyLooks !== undefined && <p class="problem">{onlyLooks}</p>}
        <div class="answers">
          {mayGo && (
            <ActionForm action="remove" visit={visit} back={back} fields={{ name }}>
              <button type="submit" class="button danger">
                Remove
              </button>
            </ActionForm>
          )}
          <a class="button" href={image === undefined ? back : linkTo('image', { name })}>
            Keep it
          </a>
        </div>
      </section>
    </Layout>
  );
}
