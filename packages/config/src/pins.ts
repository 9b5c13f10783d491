import { findDigest } from '@registry-cache/oci';
import { InvalidValueError, quote } from './config-error.ts';
import { splitImage } from './image-name.ts';
import type { LoadContext } from './load-context.ts';
import type { UpstreamSettings } from './settings.ts';

const EXPECTED =
  'expected an image or a pattern of images with its registry, such as quay.io/org/** or docker.io/library/alpine:3.*';

/** `cleaner.pins`, each with its registry in front. A registry that is not an upstream is only warned of: it may come back. */
export function pinPatterns(upstreams: readonly UpstreamSettings[], context: LoadContext): string[] {
  const { layered, findings } = context;
  const label = layered.label('cleaner.pins');
  const patterns = new Set<string>();
  for (const written of layered.document.cleaner?.pins ?? []) {
    const pattern = findings.parse(label, () => parsePin(written, upstreams, context));
    if (pattern !== undefined) patterns.add(pattern);
  }
  return [...patterns];
}

function parsePin(written: string, upstreams: readonly UpstreamSettings[], context: LoadContext): string {
  const pattern = written.trim();
  checkForm(pattern);
  if (/^[^/]*[*?[{(]/.test(pattern) && pattern.includes('/')) return pattern;
  const image = splitImage(pattern, upstreams);
  if (image.kind === 'none') throw new InvalidValueError(`${EXPECTED}, got ${quote(written)}`);
  if (image.kind === 'known') return `${image.upstream}/${image.rest}`;
  context.findings.warning(
    `${context.layered.label('cleaner.pins')}: ${quote(written)} pins nothing, as ${image.registry} is no upstream of this cache`,
  );
  return `${image.registry}/${image.rest}`;
}

function checkForm(pattern: string): void {
  const refuse = (why: string): never => {
    throw new InvalidValueError(`${EXPECTED}, got ${quote(pattern)}${why}`);
  };
  const [, name = '', digest] = /^(.*?)(?:@([^(].*))?$/.exec(pattern) ?? [];
  if (digest !== undefined && findDigest(digest) === undefined) {
    refuse(': what follows the @ must be sha256: and 64 hexadecimal digits');
  }
  if (/\s/.test(pattern)) refuse(', which has a space');
  if (/[*+]\(/.test(pattern)) refuse(', which has a group that repeats');
  const lastSlash = name.lastIndexOf('/');
  const [last, tag] = split(name.slice(lastSlash + 1));
  const components = [...(lastSlash < 0 ? [] : name.slice(0, lastSlash).split('/')), last];
  if (components.includes('')) refuse(', which has an empty component');
  if (tag === '') refuse(', which has an empty tag');
  if (/[A-Z]/.test(components.slice(1).join('/'))) refuse(': names of repositories are lower case');
}

/** The tag begins at the first colon behind the last slash. */
function split(text: string): readonly [string, string?] {
  const colon = text.indexOf(':');
  return colon < 0 ? [text] : [text.slice(0, colon), text.slice(colon + 1)];
}
