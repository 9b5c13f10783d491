import type { Pin } from '@registry-cache/control';
import type { JSX } from 'preact';
import type { Assets } from '../assets.ts';
import { ActionForm } from '../parts/actions.tsx';
import { Layout } from '../parts/layout.tsx';
import type { Visit } from '../visit.ts';

export interface PinsPageProps {
  readonly pins: readonly Pin[];
  readonly visit: Visit;
  readonly assets: Assets;
}

export function PinsPage({ pins, visit, assets }: PinsPageProps): JSX.Element {
  return (
    <Layout title="Pins" current="pins" visit={visit} assets={assets}>
      <div class="page-head">
        <h1>Pins</h1>
        <PinForm visit={visit} />
      </div>
      <section class="card">
        {pins.length === 0 ? (
          <p class="empty">
            Nothing is pinned: whatever was not pulled for longest goes when room is needed.
          </p>
        ) : (
          <table>
            <thead>
              <tr>
                <th scope="col">Pattern</th>
                <th scope="col">From</th>
                <th scope="col">
                  <span class="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {pins.map((pin) => (
                <PinRow key={`${pin.from} ${pin.pattern}`} pin={pin} visit={visit} />
              ))}
            </tbody>
          </table>
        )}
      </section>
      <section class="card help">
        <h2>Patterns</h2>
        <dl class="facts">
          <Example pattern="docker.io/library/alpine:3.20" text="one tag" />
          <Example pattern="quay.io/org/app" text="all of a repository" />
          <Example pattern="quay.io/org/app:1.*" text="tags that begin with 1." />
          <Example pattern="quay.io/openshift-release-dev/**" text="all repositories below" />
        </dl>
      </section>
    </Layout>
  );
}

function PinForm({ visit }: { readonly visit: Visit }): JSX.Element | null {
  if (visit.visitor.onlyLooks !== undefined) return null;
  return (
    <ActionForm action="pin" visit={visit} fields={{}} class="inline-form">
      <label class="visually-hidden" for="pattern">
        Pattern of images that stay
      </label>
      <input
        type="text"
        id="pattern"
        name="pattern"
        required
        placeholder="quay.io/org/**"
        autocomplete="off"
        spellcheck={false}
      />
      <button type="submit" class="button">
        Pin
      </button>
    </ActionForm>
  );
}

function PinRow({
  pin: { pattern, from },
  visit,
}: {
  readonly pin: Pin;
  readonly visit: Visit;
}): JSX.Element {
  return (
    <tr>
      <th scope="row">
        <code>{pattern}</code>
      </th>
      <td class="muted">{from === 'configuration' ? 'cleaner.pins of the configuration' : 'an operator'}</td>
      <td class="actions-cell">
        {from === 'command' && visit.visitor.onlyLooks === undefined && (
          <ActionForm action="unpin" visit={visit} fields={{ pattern }}>
            <button type="submit" class="button" aria-label={`Unpin ${pattern}`}>
              Unpin
            </button>
          </ActionForm>
        )}
      </td>
    </tr>
  );
}

function Example({ pattern, text }: { readonly pattern: string; readonly text: string }): JSX.Element {
  return (
    <div>
      <dt>
        <code>{pattern}</code>
      </dt>
      <dd>{text}</dd>
    </div>
  );
}
