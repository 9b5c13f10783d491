import { InvalidValueError } from './config-error.ts';

/**
 * The origin of a URL without anything else in it: `https://quay.io` of `https://quay.io:443/`.
 *
 * @throws {InvalidValueError} whose message quotes nothing: a URL with a password in it is the likeliest mistake
 */
export function parseOrigin(text: string): string {
  const expected = 'expected https:// or http:// and a host, such as https://registry.example.com:5000';
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) throw new InvalidValueError(expected);
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    throw new InvalidValueError(
      'expected no user or password in the URL: those of an upstream belong into the pull secret',
    );
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw new InvalidValueError(`${expected}, without a path`);
  }
  return url.origin;
}
