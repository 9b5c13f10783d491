export interface BasicCredentials {
  readonly user: string;
  readonly password: string;
}

/**
 * What an `Authorization: Basic …` says, or undefined when it says nothing of that form. A password may hold colons.
 *
 * @see RFC 7617
 */
export function findBasicCredentials(authorization: string): BasicCredentials | undefined {
  const [, encoded] = /^basic +([A-Za-z0-9+/]+=*) *$/i.exec(authorization) ?? [];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon === -1) return undefined;
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
