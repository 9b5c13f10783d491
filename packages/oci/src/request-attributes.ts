import { formatReference } from './reference.ts';
import type { RegistryRequest } from './registry-path.ts';

/** What a span says of a request's image; only of repositories. @see OpenTelemetry, "Attribute naming" */
export function requestAttributes(request: RegistryRequest): Record<string, string> {
  if (request.kind === 'base') return {};
  const repository = { 'registry_cache.repository': request.name };
  switch (request.kind) {
    case 'manifest':
      return { ...repository, 'registry_cache.reference': formatReference(request.reference) };
    case 'blob':
    case 'referrers':
      return { ...repository, 'registry_cache.digest': request.digest };
    case 'tags':
      return repository;
  }
}
