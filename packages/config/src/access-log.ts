import type { LogSection } from './config-document.ts';
import type { AccessLogSettings } from './settings.ts';

export const ACCESS_LOG_FORMATS: readonly AccessLogSettings['format'][] = ['json', 'text'];

/** One line for each pull, unless it was switched off as in distribution. */
export function accessLogSettings({ accesslog = {} }: LogSection = {}): AccessLogSettings | undefined {
  if (accesslog.disabled === true) return undefined;
  return { format: accesslog.format ?? 'json', blobs: accesslog.blobs ?? false };
}
