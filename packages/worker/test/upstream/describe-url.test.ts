import { expect, it } from 'vitest';
import { describeUrl } from '../../src/upstream/describe-url.ts';

it('a URL is shown without userinfo, query and fragment', () => {
  expect(describeUrl(new URL('https://user:pw@quay.io:8443/v2/a?X-Signature=s#f'))).toBe(
    'https://quay.io:8443/v2/a',
  );
});
