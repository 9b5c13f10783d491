import type { ListedImage } from '@registry-cache/control';
import type { JSX } from 'preact';
import type { Assets } from '../assets.ts';
import { nameOf } from '../image-name.ts';
import { searchParameters, type FoundImages, type ImageSearch, type ImageSort } from '../image-search.ts';
import { linkTo } from '../links.ts';
import { ImageActions } from '../parts/actions.tsx';
import { ImageState } from '../parts/image-state.tsx';
import { Layout } from '../parts/layout.tsx';
import { Moment } from '../parts/moment.tsx';
import { WarmForm } from '../parts/warm-form.tsx';
import { formatBytes, formatCounted } from '../quantities.ts';
import type { Visit } from '../visit.ts';

export interface ResultsProps {
  readonly found: FoundImages;
  readonly search: ImageSearch;
  /** Patterns that may be taken back. */
  readonly ownPins: ReadonlySet<string>;
  readonly visit: Visit;
}

export interface ImagesPageProps extends ResultsProps {
  readonly assets: Assets;
}

export function ImagesPage(props: ImagesPageProps): JSX.Element {
  const { visit, assets } = props;
  return (
    <Layout title="Images" current="images" visit={visit} assets={assets}>
      <div class="page-head">
        <h1>Images</h1>
        <WarmForm visit={visit} />
      </div>
      <Results {...props} />
    </Layout>
  );
}

const SHOWN = { all: 'All', pinned: 'Pinned', incomplete: 'Incomplete' } as const;

/** What is replaced while one writes into the search box. */
export function Results({ found, search, ownPins, visit }: ResultsProps): JSX.Element {
  return (
    <section class="card" id="results">
      <header>
        <p class="count" role="status">
          {formatCounted(found.total, 'image')}
          {search.text !== '' && (
            <>
              {' '}
              with <b>{search.text}</b>
            </>
          )}
        </p>
        <nav class="segments" aria-label="Which images">
          {(['all', 'pinned', 'incomplete'] as const).map((show) => (
            <a
              key={show}
              href={linkTo('images', searchParameters({ ...search, show, page: 1 }))}
              aria-current={show === search.show ? 'true' : undefined}
            >
              {SHOWN[show]}
            </a>
          ))}
        </nav>
      </header>
      {found.images.length === 0 ? (
        <p class="empty">
          {search.text === '' ? 'There is nothing here yet.' : 'No image has all of these words in its name.'}
        </p>
      ) : (
        <table class="images">
          <Head search={search} />
          <tbody>
            {found.images.map((image) => (
              <Row key={nameOf(image)} image={image} ownPins={ownPins} visit={visit} />
            ))}
          </tbody>
        </table>
      )}
      <Pages found={found} search={search} />
    </section>
  );
}

const ORDER: Readonly<Record<ImageSort, 'ascending' | 'descending'>> = {
  name: 'ascending',
  size: 'descending',
  pulled: 'descending',
  oldest: 'ascending',
};

function Head({ search }: { readonly search: ImageSearch }): JSX.Element {
  const sorted = (sort: ImageSort, label: string): JSX.Element => (
    <a href={linkTo('images', searchParameters({ ...search, sort, page: 1 }))}>{label}</a>
  );
  const order = (...sorts: readonly ImageSort[]): 'ascending' | 'descending' | undefined =>
    sorts.includes(search.sort) ? ORDER[search.sort] : undefined;
  return (
    <thead>
      <tr>
        <th scope="col" aria-sort={order('name')}>
          {sorted('name', 'Image')}
        </th>
        <th scope="col" class="wide">
          Platforms
        </th>
        <th scope="col" class="number wide" aria-sort={order('size')}>
          {sorted('size', 'Size')}
        </th>
        <th scope="col" class="wide" aria-sort={order('pulled', 'oldest')}>
          {sorted(search.sort === 'pulled' ? 'oldest' : 'pulled', 'Last pull')}
        </th>
        <th scope="col" class="wider">
          Confirmed
        </th>
        <th scope="col" class="wide">
          State
        </th>
        <th scope="col">
          <span class="visually-hidden">Actions</span>
        </th>
      </tr>
    </thead>
  );
}

type RowProps = Pick<ResultsProps, 'ownPins' | 'visit'> & { readonly image: ListedImage };

function Row({ image, ownPins, visit }: RowProps): JSX.Element {
  const { upstream, repository, tag, digest, pulledAtMs, confirmedAtMs } = image;
  const { nowMs } = visit;
  return (
    <tr>
      <th scope="row">
        <a class="image-name" href={linkTo('image', { name: nameOf(image) })} aria-label={nameOf(image)}>
          <span class="muted">{upstream}/</span>
          {repository}
          <b>{tag === undefined ? `@${digest.slice(0, 19)}…` : `:${tag}`}</b>
        </a>
        {image.isPinned && <span class="badge pinned">pinned</span>}
        <p class="note narrow">
          <ImageState image={image} /> {sizeOf(image)} · <Moment atMs={pulledAtMs} nowMs={nowMs} />
        </p>
      </th>
      <td class="wide muted">{image.platforms.join(', ')}</td>
      <td class="number wide">{sizeOf(image)}</td>
      <td class="wide">
        <Moment atMs={pulledAtMs} nowMs={nowMs} />
      </td>
      <td class="wider muted">
        {tag === undefined ? 'by digest' : <Moment atMs={confirmedAtMs} nowMs={nowMs} />}
      </td>
      <td class="wide">
        <ImageState image={image} />
      </td>
      <td class="actions-cell">
        <ImageActions image={image} ownPins={ownPins} visit={visit} />
      </td>
    </tr>
  );
}

function sizeOf({ storedBytes, sizeBytes }: ListedImage): string {
  if (storedBytes >= sizeBytes) return formatBytes(storedBytes);
  return `${formatBytes(storedBytes)} of ${formatBytes(sizeBytes)}`;
}

function Pages({ found, search }: Pick<ResultsProps, 'found' | 'search'>): JSX.Element | null {
  const { page, pages } = found;
  if (pages === 1) return null;
  const at = (target: number): string => linkTo('images', searchParameters({ ...search, page: target }));
  return (
    <nav class="pages" aria-label="Pages of the list">
      {page > 1 && (
        <a class="button" rel="prev" href={at(page - 1)}>
          Previous
        </a>
      )}
      <span class="muted">
        Page {page} of {pages}
      </span>
      {page < pages && (
        <a class="button" rel="next" href={at(page + 1)}>
          Next
        </a>
      )}
    </nav>
  );
}
