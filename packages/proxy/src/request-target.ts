import { RegistryError } from '@registry-cache/oci';

/** A request target that has only one reading: every process that sees it means the same resource. */
export interface RequestTarget {
  /** Starts with a slash; its bytes are the client's own. */
  readonly path: string;
  /** Without the question mark, and without `ns`. */
  readonly query: string;
  /** The registry that the client names, decoded. @see OCI distribution-spec, "Registry Proxying" */
  readonly ns?: string;
}

// All that names, tags and digests are made of, so no path needs percent-encoding.
const PATH = /^\/[A-Za-z0-9._:/-]*$/;
const QUERY = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*$/;
const ENCODED_CONTROL = /%(?:[01][0-9a-f]|7f)/i;

/**
 * Reads what stands in a request line, and refuses what another reader could take for something else: absolute forms, empty
 * and dot segments, percent-encoding in the path, backslashes, control characters.
 *
 * @throws {RegistryError} `NAME_INVALID`
 */
export function parseRequestTarget(target: string): RequestTarget {
  const queryStart = target.indexOf('?');
  const path = queryStart === -1 ? target : target.slice(0, queryStart);
  if (!PATH.test(path)) {
    throw refused(
      'expected a path of letters, digits and ._:/- that starts with a slash, nothing percent-encoded',
    );
  }
  if (path.includes('//') || path.split('/').some((segment) => segment === '.' || segment === '..')) {
    throw refused('expected a path without empty and dot segments');
  }
  return { path, ...parseQuery(queryStart === -1 ? '' : target.slice(queryStart + 1)) };
}

function parseQuery(query: string): { query: string; ns?: string } {
  if (!QUERY.test(query) || ENCODED_CONTROL.test(query)) {
    throw refused('expected a query of URL characters without control characters');
  }
  const fields = query.split('&');
  const [ns, ...others] = fields.filter((field) => isNs(field));
  if (ns === undefined) return { query };
  if (others.length > 0) throw refused('expected ns once');
  return { query: fields.filter((field) => !isNs(field)).join('&'), ns: decode(ns.slice('ns='.length)) };
}

function isNs(field: string): boolean {
  return field === 'ns' || field.startsWith('ns=');
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch (cause) {
    throw new RegistryError('NAME_INVALID', 'invalid request target: ns is not UTF-8', { cause });
  }
}

function refused(expectation: string): RegistryError {
  return new RegistryError('NAME_INVALID', `invalid request target: ${expectation}`);
}
