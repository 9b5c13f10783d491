import { findTag, type Tag } from '@registry-cache/oci';
import picomatch from 'picomatch';

/** Each once, in natural order: `1.9` before `1.10`. */
export function findMatchingTags(tags: readonly string[], pattern: string): Tag[] {
  const matches = picomatch(pattern, { dot: true });
  // What is no tag may be of any length, which patterns are slow with.
  const found = tags.map(findTag).filter((tag) => tag !== undefined && matches(tag));
  return [...new Set(found.filter((tag) => tag !== undefined))].toSorted(
    new Intl.Collator('en', { numeric: true }).compare,
  );
}
