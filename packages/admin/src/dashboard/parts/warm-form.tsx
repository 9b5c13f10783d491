import type { JSX } from 'preact';
import { linkTo } from '../links.ts';
import type { Visit } from '../visit.ts';
import { ActionForm } from './actions.tsx';

/** Fetches an image before anybody asks for it. Absent for those who may only look. */
export function WarmForm({ visit }: { readonly visit: Visit }): JSX.Element | null {
  if (visit.visitor.onlyLooks !== undefined) return null;
  return (
    <ActionForm action="warm" visit={visit} back={linkTo('')} fields={{}} class="inline-form">
      <label class="visually-hidden" for="warm-name">
        Image to fetch
      </label>
      <input
        type="text"
        id="warm-name"
        name="name"
        required
        placeholder="quay.io/org/app:1.0"
        autocomplete="off"
        spellcheck={false}
      />
      <label class="visually-hidden" for="warm-platforms">
        Platform
      </label>
      <select id="warm-platforms" name="platforms">
        <option value="linux/amd64">linux/amd64</option>
        <option value="linux/arm64">linux/arm64</option>
        <option value="">all platforms</option>
      </select>
      <button type="submit" class="button">
        Warm
      </button>
    </ActionForm>
  );
}
