import { expect, test } from 'vitest';
import { childEnvironment } from '../src/child-environment.ts';

test('children get what the system needs, and no secret', () => {
  const environment = {
    PATH: '/bin',
    TZ: 'UTC',
    REGISTRY_HTTP_SECRET: 's3cret',
    HTTPS_PROXY: 'http://u:p@proxy',
  };
  expect(childEnvironment(environment)).toEqual({ PATH: '/bin', TZ: 'UTC' });
});
