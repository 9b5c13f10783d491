import { startCacheProcess } from './support/running-cache.ts';
import { describePulls } from './support/describe-pulls.ts';

describePulls('the process of the checkout', {
  openHost: async () => ({ address: '127.0.0.1', close: async () => {} }),
  start: startCacheProcess,
});
