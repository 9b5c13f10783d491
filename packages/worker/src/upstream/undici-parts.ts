import { createRequire } from 'node:module';
import type * as undici from 'undici';

// The package's index loads fetch, WebSocket, caches and mocks as well. One of them looks at the global `Headers`, upon which Node
// loads its own copy of undici, and compiles WebAssembly for it: half of the memory and time that a worker's modules take.
const require = createRequire(import.meta.url);

const Dispatcher: typeof undici.Dispatcher = require('undici/lib/dispatcher/dispatcher.js');
// As the index does.
Object.assign(Dispatcher.prototype, require('undici/lib/api/index.js'));

export const Agent: typeof undici.Agent = require('undici/lib/dispatcher/agent.js');

/** Loads what speaks to outbound proxies, which most caches do without. */
export function createProxyAgent(options: undici.EnvHttpProxyAgent.Options): undici.EnvHttpProxyAgent {
  const EnvHttpProxyAgent: typeof undici.EnvHttpProxyAgent = require('undici/lib/dispatcher/env-http-proxy-agent.js');
  return new EnvHttpProxyAgent(options);
}
