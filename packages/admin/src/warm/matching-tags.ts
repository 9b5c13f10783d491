import { findTag, type Tag } from '@registry-cache/oci';
import picomatch from 'picomatch';

/** Each once, in natural order: `1.9` before `1.10`. */
export function findMatchingTags(tags: readonly string[], pattern: string): Tag[] {
  const matches = picomatch(pattern, { dot: true });
  const found = tags.filter((tag) => matches(tag)).map(findTag);
  return [...new Set(found.filter((tag) => tag !== undefined))].toSorted(
    new Intl.Collator('en', { numeric: true }).compare,
  );
}
