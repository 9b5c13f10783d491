import { ConfigError, type ConfigProblem } from './config-error.ts';

const BCRYPT = /^\$2[aby]\$(?:0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/;

/**
 * Users and bcrypt hashes of an htpasswd file's text. Of a user that is there twice the last line counts, as in distribution.
 *
 * @throws {ConfigError} with every line that cannot be used; no message holds anything of a line but its number
 */
export function parseHtpasswd(text: string, source: string): Readonly<Record<string, string>> {
  const users = new Map<string, string>();
  const problems: ConfigProblem[] = [];
  for (const [index, rawLine] of text.split('\n').entries()) {
    const line = rawLine.trim();
    if (line === '' || line.startsWith('#')) continue;
    const colon = line.indexOf(':');
    const hash = line.slice(colon + 1);
    if (colon < 1) problems.push({ key: `${source}:${index + 1}`, message: 'expected user:hash' });
    else if (!BCRYPT.test(hash)) {
      problems.push({
        key: `${source}:${index + 1}`,
        message: 'expected a bcrypt hash, as `htpasswd -B` makes it; other hashes are not accepted',
      });
    } else users.set(line.slice(0, colon), hash);
  }
  if (problems.length === 0 && users.size === 0) {
    problems.push({
      key: source,
      message: 'expected at least one user, as `htpasswd -bB FILE USER PASSWORD` adds it',
    });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.fromEntries(users);
}
