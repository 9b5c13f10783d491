import { expect, test } from 'vitest';
import { ConfigTree } from '../src/config-tree.ts';

test('setting makes the maps on the way, over whatever was there', () => {
  const tree = new ConfigTree({ http: 'text', log: { level: 'info' } });
  tree.set(['http', 'tls', 'key'], '/k', 'REGISTRY_HTTP_TLS_KEY');
  expect(tree.root).toEqual({ http: { tls: { key: '/k' } }, log: { level: 'info' } });
});

test('removing takes the maps along that it leaves empty, and no others', () => {
  const tree = new ConfigTree({
    middleware: { registry: [] },
    http: { addr: ':1', host: 'x' },
    auth: { htpasswd: {} },
  });
  tree.remove(['middleware', 'registry']);
  tree.remove(['http', 'host']);
  tree.remove(['auth', 'token']);
  expect(tree.root).toEqual({ http: { addr: ':1' }, auth: { htpasswd: {} } });
});

test('what objects inherit is not in the tree', () => {
  const tree = new ConfigTree({});
  expect(tree.get(['constructor', 'name'])).toBeUndefined();
});
