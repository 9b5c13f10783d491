import type { ListedImage } from '@registry-cache/control';
import type { ComponentChildren, JSX } from 'preact';
import { nameOf } from '../image-name.ts';
import { linkTo } from '../links.ts';
import type { Visit } from '../visit.ts';
import { Icon, type IconName } from './icons.tsx';

export interface ActionFormProps {
  readonly action: 'pin' | 'unpin' | 'warm' | 'remove';
  readonly visit: Visit;
  /** Where it leads afterwards; the page itself unless told. */
  readonly back?: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** A form that changes something: it works without JavaScript. */
export function ActionForm(props: ActionFormProps): JSX.Element {
  const { action, visit, back = visit.here, fields, children } = props;
  const hidden = { ...fields, back, token: visit.formToken };
  return (
    <form method="post" action={linkTo(action)} class={props.class ?? 'action'}>
      {Object.entries(hidden).map(([name, value]) => (
        <input key={name} type="hidden" name={name} value={value} />
      ))}
      {children}
    </form>
  );
}

export interface ImageActionsProps {
  readonly image: ListedImage;
  /** Patterns that may be taken back. */
  readonly ownPins: ReadonlySet<string>;
  readonly visit: Visit;
  /** With words, where there is room. */
  readonly labelled?: boolean;
}

/** Pin or unpin, warm, remove. Absent for those who may only look. */
export function ImageActions({
  image,
  ownPins,
  visit,
  labelled = false,
}: ImageActionsProps): JSX.Element | null {
  if (visit.visitor.onlyLooks !== undefined) return null;
  const name = nameOf(image);
  const button = (icon: IconName, label: string): JSX.Element => (
    <ActionButton icon={icon} label={label} name={name} labelled={labelled} />
  );
  return (
    <div class="actions">
      {ownPins.has(name) ? (
        <ActionForm action="unpin" visit={visit} fields={{ pattern: name }}>
          {button('unpin', 'Unpin')}
        </ActionForm>
      ) : (
        // Pinned by a pattern that stands for others too: that is changed where patterns are.
        !image.isPinned && (
          <ActionForm action="pin" visit={visit} fields={{ pattern: name }}>
            {button('pin', 'Pin')}
          </ActionForm>
        )
      )}
      <ActionForm action="warm" visit={visit} fields={{ name, platforms: image.platforms.join(',') }}>
        {button('warm', 'Warm')}
      </ActionForm>
      <a
        class={labelled ? 'button danger' : 'icon-button danger'}
        href={linkTo('remove', { name, back: visit.here })}
        title={labelled ? undefined : 'Remove…'}
        aria-label={`Remove ${name}`}
      >
        <Icon name="remove" />
        {labelled && 'Remove…'}
      </a>
    </div>
  );
}

interface ActionButtonProps {
  readonly icon: IconName;
  readonly label: string;
  readonly name: string;
  readonly labelled: boolean;
}

function ActionButton({ icon, label, name, labelled }: ActionButtonProps): JSX.Element {
  return (
    <button
      type="submit"
      class={labelled ? 'button' : 'icon-button'}
      title={labelled ? undefined : label}
      aria-label={`${label} ${name}`}
    >
      <Icon name={icon} />
      {labelled && label}
    </button>
  );
}
