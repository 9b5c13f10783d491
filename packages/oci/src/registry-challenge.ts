/** One challenge of a `WWW-Authenticate` header; names of schemes and parameters are in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** What a registry wants: a token from `realm`, or the password itself. */
export type RegistryChallenge =
  | { readonly kind: 'bearer'; readonly realm: string; readonly service: string | undefined }
  | { readonly kind: 'basic' };

/** The challenge to answer: Bearer before Basic, since a token is worth less to a thief. */
export function findRegistryChallenge(
  header: string | readonly string[] | undefined,
): RegistryChallenge | undefined {
  const challenges = parseChallenges(header);
  for (const { scheme, parameters } of challenges) {
    const realm = parameters.get('realm');
    if (scheme === 'bearer' && realm !== undefined) {
      return { kind: 'bearer', realm, service: parameters.get('service') };
    }
  }
  return challenges.some(({ scheme }) => scheme === 'basic') ? { kind: 'basic' } : undefined;
}

const SEPARATORS = /[\s,]*/y;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const EQUALS = /[ \t]*=[ \t]*/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/sy;
// Wider than the grammar, which asks for quotes around a realm's `:` and `/`: some registries leave them out.
const UNQUOTED = /[^\s,"]+/y;
const TOKEN68 = /[ \t]+[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;

/**
 * Reads every challenge of one header with several challenges, or of several headers. What follows a mistake in a
 * header is left out, so that a challenge before it still counts.
 *
 * @see RFC 9110, section 11.6.1
 * @internal
 */
export function parseChallenges(header: string | readonly string[] | undefined): Challenge[] {
  if (header === undefined) return [];
  return (typeof header === 'string' ? [header] : header).flatMap(parseHeader);
}

function parseHeader(text: string): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let position = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    const match = pattern.exec(text);
    if (match !== null) position = pattern.lastIndex;
    return match;
  };

  for (;;) {
    take(SEPARATORS);
    const token = take(TOKEN)?.[0].toLowerCase();
    if (token === undefined) return challenges;
    if (take(EQUALS) === null) {
      challenges.push({ scheme: token, parameters: new Map() });
      take(TOKEN68);
      continue;
    }
    const value = take(QUOTED)?.[1]?.replaceAll(/\\(.)/gs, '$1') ?? take(UNQUOTED)?.[0];
    const parameters = challenges.at(-1)?.parameters;
    if (value === undefined || parameters === undefined) return challenges;
    // A repeated parameter must not replace what was read first.
    if (!parameters.has(token)) parameters.set(token, value);
  }
}
